// The form of a machine's token.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { issueMachineToken, readMachineToken, sameHash, sha256 } from './machine-token.ts';

const id = randomUUID();

describe('a machine token', () => {
  it('names its machine and proves itself', () => {
    const { token, hash } = issueMachineToken(id);
    expect(token).toMatch(/^hmt_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/);
    expect(readMachineToken(token)).toEqual({ machineId: id, hash });
  });

  it('may have underscores in its secret', () => {
    const secret = '_'.repeat(43);
    expect(readMachineToken(`hmt_${id.replaceAll('-', '')}_${secret}`)).toEqual({
      machineId: id,
      hash: sha256(secret),
    });
  });

  it('is never the same twice', () => {
    expect(issueMachineToken(id).token).not.toBe(issueMachineToken(id).token);
  });

  const plain = id.replaceAll('-', '');
  const secret = 'x'.repeat(43);
  it.each([
    ['nothing', ''],
    ['another prefix', `hmx_${plain}_${secret}`],
    ['dashes', `hmt_${id}_${secret}`],
    ['a short secret', `hmt_${plain}_${'x'.repeat(42)}`],
    ['a long secret', `hmt_${plain}_${'x'.repeat(44)}`],
    ['a short id', `hmt_${plain.slice(1)}_${secret}`],
    ['upper case', `hmt_${plain.toUpperCase().replace(/[0-9]/g, 'A')}_${secret}`],
    ['a line end', `hmt_${plain}_${secret}\n`],
    ['SQL', "hmt_' or 1=1 --_x"],
  ])('is none with %s', (_, token) => {
    expect(readMachineToken(token)).toBeNull();
  });
});

describe('two hashes', () => {
  it('are the same or not, of whatever length', () => {
    expect(sameHash(sha256('a'), sha256('a'))).toBe(true);
    expect(sameHash(sha256('a'), sha256('b'))).toBe(false);
    expect(sameHash(sha256('a'), sha256('a').subarray(1))).toBe(false);
  });
});
