import { connect } from 'node:net';

const TIMEOUT_MS = 2_000;

/** One connection, one DEL. Enough of RESP for cache-worker. */
export function deleteKeys(url: string, keys: readonly string[]): Promise<number> {
  const { hostname, port, password, username } = new URL(url);
  const commands: string[][] = [['DEL', ...keys]];
  if (password !== '') {
    const user = username === '' ? [] : [decodeURIComponent(username)];
    commands.unshift(['AUTH', ...user, decodeURIComponent(password)]);
  }
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port === '' ? '6379' : port) });
    let answer = '';
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    socket.on('connect', () => socket.write(commands.map(encode).join('')));
    socket.on('data', (chunk) => {
      answer += chunk.toString('utf8');
      const lines = answer.split('\r\n').slice(0, -1);
      const refused = lines.find((line) => line.startsWith('-'));
      const deleted = lines.find((line) => line.startsWith(':'));
      if (refused !== undefined) socket.destroy(new Error(refused.slice(1)));
      else if (deleted !== undefined) socket.end(() => resolve(Number(deleted.slice(1))));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('connection closed without an answer')));
  });
}

function encode(words: readonly string[]): string {
  const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulk.join('')}`;
}
