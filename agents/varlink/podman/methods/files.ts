import { invalidParameter } from "../../service/varlink-error.ts";
import type { Podman } from "../rest/podman.ts";
import { errorOccurred, type Methods } from "./methods.ts";
import { isTemporary, temporaryPath } from "./temporary-files.ts";

/** Files that come from a client, and go to it, over the same connection. */
export function fileMethods(podman: Podman): Methods {
  return {
    async SendFile({ parameters, wantsUpgrade, upgrade }) {
      const length = parameters.number("length", -1);
      if (!wantsUpgrade) {
        throw errorOccurred("client must use upgraded connection to send files");
      }
      if (!(length >= 0 && Number.isSafeInteger(length))) {
        throw invalidParameter("length");
      }
      const path = temporaryPath();
      const file = podman.streams.createFile(path);
      let rest = length;
      try {
        const stream = await upgrade({ file_handle: path });
        while (rest > 0) {
          const bytes = await stream.read();
          if (bytes === undefined) {
            return undefined;
          }
          const part = bytes.subarray(0, rest);
          stream.unread(bytes.subarray(part.length));
          file.append(part);
          rest -= part.length;
        }
        // The client waits for it, and then goes on with other calls.
        await stream.write(Buffer.from(`${path}:`));
      } finally {
        file.close();
        if (rest > 0) {
          podman.kernel.unlink(path);
        }
      }
      return undefined;
    },
    async ReceiveFile({ parameters, wantsUpgrade, upgrade }) {
      if (!wantsUpgrade) {
        throw errorOccurred("client must use upgraded connection to send files");
      }
      const path = parameters.text("path");
      // Others' files are theirs: what is fetched, and taken away, is what a method before has put there.
      if (!isTemporary(path)) {
        throw errorOccurred(`${path} is no file that was made for a client`);
      }
      const { lengthBytes, parts } = podman.streams.openFile(path);
      const stream = await upgrade({ len: lengthBytes });
      for await (const part of parts()) {
        await stream.write(part);
      }
      if (parameters.flag("delete")) {
        podman.kernel.unlink(path);
      }
      return undefined;
    },
  };
}
