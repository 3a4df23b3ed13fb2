import { createServer, type Server, type ServerResponse } from 'node:http';
import { listen } from '../scripts/listen.ts';

/** A server of one file that a test can make misbehave between two requests. */
export interface FlakyServer {
  url: string;
  content: Buffer;
  /** ETag of the file; none when empty. */
  tag: string;
  ranges: boolean;
  /** Ends the connection after so many bytes of a body. */
  cutAfter: number;
  /** Sends nothing more after so many bytes of a body, and keeps the connection. */
  stallAfter: number;
  /** Milliseconds between two portions of a body, a megabyte each; 0 sends it at once. */
  slow: number;
  status: number;
  type: string;
  /** Range headers of the requests so far; `-` for none. */
  asked: string[];
  close(): void;
}

export async function flakyServer(content: Buffer): Promise<FlakyServer> {
  const server: Server = createServer((request, response) => {
    const wanted = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    flaky.asked.push(request.headers.range ?? '-');
    const from = flaky.ranges && wanted ? Number(wanted[1]) : 0;
    if (from > flaky.content.length) {
      response.writeHead(416).end();
      return;
    }
    const body = flaky.content.subarray(from);
    response.writeHead(flaky.status !== 200 ? flaky.status : from > 0 ? 206 : 200, {
      'Content-Type': flaky.type,
      'Content-Length': body.length,
      ...(flaky.tag !== '' && { ETag: flaky.tag }),
      ...(from > 0 && {
        'Content-Range': `bytes ${from}-${flaky.content.length - 1}/${flaky.content.length}`,
      }),
    });
    if (flaky.slow > 0) void trickle(response, body, flaky.slow);
    else if (body.length > flaky.stallAfter) response.write(body.subarray(0, flaky.stallAfter));
    else if (body.length <= flaky.cutAfter) response.end(body);
    else response.write(body.subarray(0, flaky.cutAfter), () => response.destroy());
  });
  const port = await listen(server);
  const flaky: FlakyServer = {
    url: `http://127.0.0.1:${port}/model.bin`,
    content,
    tag: '"one"',
    ranges: true,
    cutAfter: Infinity,
    stallAfter: Infinity,
    slow: 0,
    status: 200,
    type: 'application/octet-stream',
    asked: [],
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return flaky;
}

async function trickle(response: ServerResponse, body: Buffer, pause: number): Promise<void> {
  for (let at = 0; at < body.length; at += 2 ** 20) {
    response.write(body.subarray(at, at + 2 ** 20));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  response.end();
}
