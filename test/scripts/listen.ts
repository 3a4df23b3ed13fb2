import type { Server } from 'node:http';

/** Starts a server on a free port of this machine; gives the port. */
export function listen(server: Server): Promise<number> {
  return new Promise((done, failed) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') done(address.port);
      else failed(new Error('The server has no port.'));
    });
  });
}
