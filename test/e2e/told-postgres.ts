import { serveTcp, type TestServer } from '../support/tcp.ts';

const SSL_REQUEST = 80_877_103;

/** A Postgres that refuses every login in the given words. */
export function openRefusingPostgres(words: string): Promise<TestServer> {
  return serveTcp((socket) => {
    socket.on('data', (data: Buffer) => {
      if (data.length === 8 && data.readInt32BE(4) === SSL_REQUEST) socket.write('N');
      else socket.end(errorResponse(words));
    });
  });
}

/** ErrorResponse of the wire protocol 3.0: 'E', length, fields as a letter and a text that ends with zero. */
function errorResponse(words: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C28P01\0M${words}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
