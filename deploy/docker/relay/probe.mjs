// Asks the relay of this container, and says what it answers: `node probe.mjs /readyz`. Exit code 0: it is well.
import { get } from 'node:http';

/** Milliseconds. */
const DEADLINE = 8_000;

const path = process.argv[2] ?? '/readyz';
const given = process.env.HOST;
const host = !given || given === '0.0.0.0' ? '127.0.0.1' : given === '::' ? '::1' : given;

const fail = (why) => {
  console.error(why);
  process.exit(1);
};

const request = get({ host, port: process.env.PORT || 3001, path, timeout: DEADLINE }, (response) => {
  let body = '';
  response.setEncoding('utf8').on('data', (text) => {
    body += text;
  });
  response.on('end', () => {
    if (response.statusCode === 200) process.exit(0);
    fail(sentenceOf(body) ?? `${path} answers ${response.statusCode}.`);
  });
});
request.on('timeout', () => fail(`${path} does not answer.`));
request.on('error', (error) => fail(`The relay does not listen yet (${error.code ?? error.message}).`));

function sentenceOf(body) {
  try {
    return JSON.parse(body).message;
  } catch {
    return undefined;
  }
}
