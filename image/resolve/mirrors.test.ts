import { describe, expect, it } from "vitest";
import { chooseMirrors, parseDeb822, parseOneLine } from "./mirrors.ts";

describe("apt sources", () => {
  it("are read in the one-line form, with options or without", () => {
    const text = `
# deb http://commented.example/debian trixie main
deb [signed-by=/k.gpg arch=amd64] http://mirror.example/debian/ bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
`;
    expect(parseOneLine(text)).toEqual([
      { url: "http://mirror.example/debian", suites: ["bookworm"] },
      { url: "http://security.example/debian-security", suites: ["bookworm-security"] },
    ]);
  });

  it("are read in the deb822 form, without disabled ones and with folded lines", () => {
    const text = `Types: deb deb-src
# a comment
URIs: http://a.example/debian
  http://b.example/debian/
Suites: trixie trixie-updates

Types: deb
URIs: http://off.example/debian
Suites: trixie
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: trixie
`;
    expect(parseDeb822(text)).toEqual([
      { url: "http://a.example/debian", suites: ["trixie", "trixie-updates"] },
      { url: "http://b.example/debian", suites: ["trixie", "trixie-updates"] },
    ]);
  });
});

describe("the mirrors", () => {
  const ubuntu = { url: "http://archive.example/ubuntu", suites: ["noble"] };
  const main = { url: "http://m.example/debian", suites: ["bookworm"] };
  const security = { url: "http://s.example/debian-security", suites: ["bookworm-security"] };

  it("are those of the build machine's apt", () => {
    expect(chooseMirrors(undefined, [ubuntu, main, security])).toEqual({
      debian: "http://m.example/debian",
      "debian-security": "http://s.example/debian-security",
    });
  });

  it("are guessed for security updates when the machine names only one", () => {
    expect(chooseMirrors(undefined, [main])["debian-security"]).toBe(
      "http://m.example/debian-security",
    );
  });

  it("are the asked one before the machine's", () => {
    expect(chooseMirrors("https://x.example/debian/", [main]).debian).toBe(
      "https://x.example/debian",
    );
  });

  it("are asked for on a machine that isn't a Debian", () => {
    expect(() => chooseMirrors(undefined, [ubuntu])).toThrow(/--mirror URL or BOOT2PODMAN_MIRROR/);
    const lookalike = { url: "http://packages.example/debian", suites: ["nodistro"] };
    expect(() => chooseMirrors(undefined, [lookalike])).toThrow(/no Debian mirror found/);
  });

  it("are refused when they are no URL", () => {
    expect(() => chooseMirrors("deb.debian.org", [])).toThrow(/"deb.debian.org" is not a mirror/);
  });
});
