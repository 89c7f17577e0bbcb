import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import path from "node:path";

/** A mirror as a web server has it, which a machine reaches as 10.0.2.2; it can break connections off. */
export class MirrorServer {
  /** Requests, with the byte that they began at. */
  readonly asked: string[] = [];
  /** Bytes after which the next answers break off. */
  breakAfterBytes: number | undefined;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async open(folder: string): Promise<MirrorServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const mirror = new MirrorServer(server, typeof address === "object" ? (address?.port ?? 0) : 0);
    server.on("request", (request, response) => {
      const file = path.join(folder, path.posix.normalize(request.url ?? "/"));
      if (!existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      const [, from = "0"] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
      const start = Number(from);
      const sizeBytes = statSync(file).size;
      mirror.asked.push(`${request.url} ${start}`);
      if (start >= sizeBytes && sizeBytes > 0) {
        response.writeHead(416).end();
        return;
      }
      const isBroken = mirror.breakAfterBytes !== undefined && sizeBytes > 1e6;
      response.writeHead(start > 0 ? 206 : 200, { "content-length": sizeBytes - start });
      const end = isBroken ? start + (mirror.breakAfterBytes ?? 0) : undefined;
      const stream = createReadStream(file, { start, ...(end === undefined ? {} : { end }) });
      stream.pipe(response, { end: !isBroken });
      stream.once("end", () => isBroken && response.destroy());
    });
    return mirror;
  }

  /** Its address for a machine in QEMU's user network. */
  get url(): string {
    return `http://10.0.2.2:${this.port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
