import type { Kernel } from "../../kernel/kernel.ts";
import type { JsonObject } from "../json/json.ts";
import type { Call } from "../service/interface.ts";

/** Replies what is read; to who takes more, again whenever something in the folders changes it, until that client goes. */
export async function watched(
  kernel: Pick<Kernel, "exists" | "watchFolder">,
  folders: readonly string[],
  { wantsMore, replyMore, gone }: Call,
  read: () => Promise<JsonObject>,
): Promise<JsonObject> {
  const there = wantsMore ? folders.filter((folder) => kernel.exists(folder)) : [];
  if (there.length === 0) {
    return await read();
  }
  let wake: () => void = () => undefined;
  const subscriptions = there.map((folder) => kernel.watchFolder(folder, () => wake()));
  gone.addEventListener("abort", () => wake(), { once: true });
  let now: JsonObject = {};
  try {
    for (let said = ""; !gone.aborted; ) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      now = await read();
      // What is written again with what it had is no news.
      if (JSON.stringify(now) !== said) {
        said = JSON.stringify(now);
        await replyMore(now);
      }
      if (!gone.aborted) {
        await changed;
      }
    }
  } finally {
    for (const subscription of subscriptions) {
      subscription.close();
    }
  }
  return now;
}
