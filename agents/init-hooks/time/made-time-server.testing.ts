import type { DatagramRequest } from "../../kernel/network.ts";

const eraSeconds = 2_208_988_800;

export interface MadeAnswer {
  leap?: number;
  mode?: number;
  stratum?: number;
  rootDelay?: number;
  cookie?: Uint8Array;
  sizeBytes?: number;
}

/** A time server for tests, as RFC 5905 has it, which is right by `clock`. */
export function fakeTimeServer(
  clock: { trueMs(): number },
  made: MadeAnswer = {},
): (request: DatagramRequest) => Uint8Array {
  return ({ payload }) => {
    const answer = new Uint8Array(made.sizeBytes ?? 48);
    if (answer.length < 48) {
      return answer;
    }
    const view = new DataView(answer.buffer);
    view.setUint8(0, ((made.leap ?? 0) << 6) | (4 << 3) | (made.mode ?? 4));
    view.setUint8(1, made.stratum ?? 2);
    view.setUint32(4, made.rootDelay ?? 1000);
    answer.set(made.cookie ?? payload.subarray(40, 48), 24);
    const nowMs = clock.trueMs();
    for (const at of [32, 40]) {
      view.setUint32(at, (Math.floor(nowMs / 1000) + eraSeconds) % 2 ** 32);
      view.setUint32(at + 4, Math.round(((nowMs % 1000) / 1000) * (2 ** 32 - 1)));
    }
    return answer;
  };
}
