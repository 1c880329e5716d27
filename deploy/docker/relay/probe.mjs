// Asks the relay of this container, and says what it answers: `node probe.mjs /readyz`. Exit code 0: it is well.
// `node probe.mjs /readyz 120`: from 120 s after the start on any answer will do. What is missing has been said by then,
// and a restart would not bring it; readiness goes on keeping people away.
import { readFileSync } from 'node:fs';
import { get } from 'node:http';

/** Milliseconds. */
const DEADLINE = 8_000;

const [path = '/readyz', patience = 'Infinity'] = process.argv.slice(2);
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
    console.error(sentenceOf(body) ?? `${path} answers ${response.statusCode}.`);
    process.exit(secondsSinceStart() >= Number(patience) ? 0 : 1);
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

/** Of the container's first process; proc(5): field 22 of its stat, in hundredths of a second since the machine's start. */
function secondsSinceStart() {
  const fields = readFileSync('/proc/1/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) - Number(fields[19]) / 100;
}
