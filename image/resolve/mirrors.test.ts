import { describe, expect, it } from "vitest";
import { chooseMirrors, mirrorsAmong } from "./mirrors.ts";

describe("the mirrors", () => {
  const ubuntu = { url: "http://archive.example/ubuntu", suite: "noble" };
  const main = { url: "http://m.example/debian", suite: "bookworm" };
  const security = { url: "http://s.example/debian-security", suite: "bookworm-security" };

  it("are those of the build machine's apt", () => {
    expect(mirrorsAmong([ubuntu, main, security])).toEqual({
      debian: "http://m.example/debian",
      "debian-security": "http://s.example/debian-security",
    });
  });

  it("are guessed for security updates when the machine names only one", () => {
    expect(mirrorsAmong([main])["debian-security"]).toBe("http://m.example/debian-security");
  });

  it("are the asked one before the machine's", async () => {
    expect(await chooseMirrors("https://x.example/debian/")).toEqual({
      debian: "https://x.example/debian",
      "debian-security": "https://x.example/debian-security",
    });
  });

  it("are asked for on a machine that isn't a Debian", () => {
    expect(() => mirrorsAmong([ubuntu])).toThrow(/--mirror URL or BOOT2PODMAN_MIRROR/);
    const lookalike = { url: "http://packages.example/debian", suite: "nodistro" };
    expect(() => mirrorsAmong([lookalike])).toThrow(/no Debian mirror found/);
  });

  it("are refused when they are no URL", async () => {
    await expect(chooseMirrors("deb.debian.org")).rejects.toThrow(
      /"deb.debian.org" is not a mirror/,
    );
  });
});
