// Addresses as the configuration names them: whether what will use them can make something of them.
import { isIP } from 'node:net';

/** An address, a network in CIDR form, or a name that Fastify knows for some. */
export function isNetwork(value: string): boolean {
  if (/^(loopback|linklocal|uniquelocal)$/.test(value)) return true;
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** One server, or several hosts with commas between, of which the first that takes writes is meant. */
export function isPostgresUrl(value: string): boolean {
  const parts = /^(postgres(?:ql)?:\/\/)([^/?#\s@]*@)?([^/?#\s@]*)([/?#]\S*)?$/.exec(value);
  if (!parts) return false;
  const [, scheme, user = '', hosts = '', rest = ''] = parts;
  return hosts.split(',').every((host) => isUrl(`${scheme}${host ? user : ''}${host}${rest}`));
}

export function isRedisUrl(value: string): boolean {
  return /^rediss?:\/\/\S+$/.test(value) && isUrl(value) && new URL(value).hostname !== '';
}

function isUrl(value: string): boolean {
  try {
    const { username, password } = new URL(value);
    decodeURIComponent(username + password); // a lone % in a password
    return true;
  } catch {
    return false;
  }
}
