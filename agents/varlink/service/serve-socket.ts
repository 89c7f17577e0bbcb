import type { ByteStream, Streams } from "../../kernel/streams.ts";
import type { Service } from "./interface.ts";
import { serveConnection } from "./serve-connection.ts";

/** Clients at the same time. When another one comes, the one that has asked nothing for longest has to go. */
export const mostClients = 64;
/** A client connects anew for each command: soon after the last one nobody needs us any more. */
const idleMs = 10_000;
/** The first socket that a process is started with. */
const listenFd = 3;

/**
 * Serves the socket that this process was started with (sd_listen_fds(3)), to each client what is served to a user of
 * that uid, until nobody has been there for a while.
 */
export function serveSocket(
  streams: Pick<Streams, "acceptStreams">,
  serviceFor: (uid: number) => Service,
  restMs = idleMs,
): Promise<void> {
  return new Promise((resolve) => {
    const idle = new Set<ByteStream>();
    let clients = 0;
    let timer: NodeJS.Timeout | undefined;
    const rest = () => {
      timer = setTimeout(() => {
        stop();
        resolve();
      }, restMs);
    };
    const stop = streams.acceptStreams(listenFd, (stream, uid) => {
      clearTimeout(timer);
      clients += 1;
      if (clients > mostClients) {
        // All of them at work: whoever comes has to come again.
        const [longest = stream] = idle;
        longest.close();
      }
      idle.add(stream);
      const onBusy = (isBusy: boolean) => {
        idle.delete(stream);
        if (!isBusy) {
          idle.add(stream);
        }
      };
      void serveConnection(serviceFor(uid), stream, { onBusy }).finally(() => {
        idle.delete(stream);
        clients -= 1;
        if (clients === 0) {
          rest();
        }
      });
    });
    rest();
  });
}
