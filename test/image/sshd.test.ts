import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentedPassword, GuestSshd } from "./guest-sshd.ts";

const owner = "127.0.0.2";
const guesser = "127.0.0.3";
const poller = "127.0.0.4";
/** At a time: a slow host tries them no faster than they are forgiven, one by one. */
const guessersAtOnce = 8;
/** Of which it takes some fifteen. */
const mostGuesses = 400;

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)("sshd with passwords", () => {
  let sshd: GuestSshd;
  beforeAll(async () => {
    sshd = await GuestSshd.start();
  });
  afterAll(() => sshd?.stop());

  it("lets in whoever has mistyped some times", async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await sshd.login(owner, "mistyped")).toBe("wrong password");
    }
    expect(await sshd.login(owner, documentedPassword)).toBe("in");
  });

  it("turns the address away that guesses, also with the right password, for a while, and nobody else", async () => {
    let tried = 0;
    let turnedAway = 0;
    const guess = async () => {
      while (turnedAway === 0 && tried < mostGuesses) {
        tried += 1;
        const outcome = await sshd.login(guesser, `guess ${tried}`);
        turnedAway += outcome === "turned away" ? 1 : 0;
        expect(outcome).not.toBe("in");
      }
    };
    await Promise.all(Array.from({ length: guessersAtOnce }, guess));
    expect(turnedAway).toBeGreaterThan(0);
    // A person's own mistakes are far fewer.
    expect(tried).toBeGreaterThan(12);
    expect(await sshd.poll(owner)).toBe("greeted");
    expect(await sshd.login(owner, documentedPassword)).toBe("in");
    // Who asks again meanwhile isn't turned away for longer by that.
    await expect.poll(() => sshd.poll(guesser), { interval: 500 }).toBe("greeted");
  });

  it("greets who only connects and leaves, as often as it likes", async () => {
    for (let time = 0; time < 200; time += 1) {
      expect(await sshd.poll(poller)).toBe("greeted");
    }
  });
});
