import { expect, it } from "vitest";
import { parseUriLine, sourcesList } from "./apt.ts";

const mirrors = {
  debian: "http://m.example/debian",
  "debian-security": "http://m.example/debian-security",
};
const anySha256 = "e3987a9d1e6d46cbd4ee11bd067927a5f7f886e41c7a2dbe5b89a436905d44a0";

it("reads apt's URIs into name, version, archive and path, without the host", () => {
  const line = `'http://m.example/debian/pool/main/o/openssh/openssh-client_10.0p1-7%2bdeb13u4_amd64.deb' openssh-client_1%3a10.0p1-7+deb13u4_amd64.deb 989904 SHA256:${anySha256}`;
  expect(parseUriLine(line, mirrors)).toEqual({
    name: "openssh-client",
    version: "1:10.0p1-7+deb13u4",
    archive: "debian",
    path: "pool/main/o/openssh/openssh-client_10.0p1-7+deb13u4_amd64.deb",
    sizeBytes: 989904,
    sha256: anySha256,
  });
});

it("tells the security archive from the main one, whose URL it begins with", () => {
  const line = `'http://m.example/debian-security/pool/updates/main/x/x_1_amd64.deb' x_1_amd64.deb 1 SHA256:${anySha256}`;
  expect(parseUriLine(line, mirrors)?.archive).toBe("debian-security");
});

it("passes over other lines, and refuses a place outside the mirror", () => {
  expect(parseUriLine("Reading package lists...", mirrors)).toBeUndefined();
  const line = `'http://other.example/debian/x_1_amd64.deb' x_1_amd64.deb 1 SHA256:${anySha256}`;
  expect(() => parseUriLine(line, mirrors)).toThrow(/x at http:\/\/other\.example/);
});

it("asks for the release, its updates and its security updates, signed by Debian's keys", () => {
  const lines = sourcesList("trixie", mirrors).trim().split("\n");
  expect(lines.map((line) => line.split(" ").slice(-3).join(" "))).toEqual([
    "http://m.example/debian trixie main",
    "http://m.example/debian trixie-updates main",
    "http://m.example/debian-security trixie-security main",
  ]);
  for (const line of lines) {
    expect(line).toContain("[signed-by=/usr/share/keyrings/debian-");
  }
});
