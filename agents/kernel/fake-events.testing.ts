import type { Events, Subscription, Uevent, UeventListener, Wait } from "./events.ts";
import { FakeSurroundings } from "./fake-surroundings.testing.ts";
import { KernelError } from "./kernel-error.ts";
import { type Limit, startLimit } from "./quiet.ts";

/** Devices that come and go, and folders that change, when the test says so. */
export class FakeEvents extends FakeSurroundings implements Events {
  readonly #listeners = new Set<UeventListener>();
  readonly #watchers = new Set<{ path: string; onChange: () => void }>();

  /** Tells all who listen or wait about a device. */
  emitUevent(event: Uevent): void {
    for (const listener of [...this.#listeners]) {
      listener.onEvent(event);
    }
  }

  /** Tells all who listen that events were lost. */
  loseUevents(): void {
    for (const listener of [...this.#listeners]) {
      listener.onLost();
    }
  }

  uevents(listener: UeventListener): Subscription {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  waitForDevice<T>(find: () => T | undefined, wait: Wait): Promise<T> {
    return new Promise((resolve, reject) => {
      const now = find();
      if (now !== undefined) {
        return resolve(now);
      }
      const look = () => {
        const found = find();
        if (found === undefined) {
          return;
        }
        limit.stop();
        subscription.close();
        resolve(found);
      };
      const subscription = this.uevents({ onEvent: look, onLost: look });
      const limit = startLimit(this, wait.timeoutMs, () => {
        subscription.close();
        reject(new KernelError("wait for", wait.what, "ETIMEDOUT"));
      });
    });
  }

  waitForPath(path: string, timeoutMs: Limit): Promise<void> {
    const find = () => (this.exists(path) ? true : undefined);
    return this.waitForDevice(find, { what: path, timeoutMs }).then(() => undefined);
  }

  watchFolder(path: string, onChange: () => void): Subscription {
    this.tree.getFolder("watchFolder", path);
    const watcher = { path, onChange };
    this.#watchers.add(watcher);
    return { close: () => this.#watchers.delete(watcher) };
  }

  /** Tells those who watch a folder that something in it changed. */
  emitChange(path: string): void {
    for (const watcher of [...this.#watchers]) {
      if (watcher.path === path) {
        watcher.onChange();
      }
    }
  }
}
