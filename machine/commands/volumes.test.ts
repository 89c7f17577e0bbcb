import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parsePublish, parseVolume } from "./volumes.ts";

test.each([
  ["/a:/b", { HostFolder: "/a", GuestFolder: "/b", ReadOnly: false }],
  ["/a:/b:ro", { HostFolder: "/a", GuestFolder: "/b", ReadOnly: true }],
  ["/a:/b:rw", { HostFolder: "/a", GuestFolder: "/b", ReadOnly: false }],
  ["/my a:/my b", { HostFolder: "/my a", GuestFolder: "/my b", ReadOnly: false }],
  ["src:/b", { HostFolder: resolve("src"), GuestFolder: "/b", ReadOnly: false }],
  ["/a", { HostFolder: "/a", GuestFolder: "/a", ReadOnly: false }],
])("volume %s", (text, expected) => {
  expect(parseVolume(text, 3)).toEqual({ Tag: "share3", ...expected });
});

test.each(["", ":/b", "/a:b", "/a:/b:x", "/a:/", "/a:/b:ro:x", '/a:/"'])(
  "volume %j is refused",
  (text) => {
    expect(() => parseVolume(text, 0)).toThrow(`"${text}" is not a volume`);
  },
);

test.each([
  ["8080:80", { HostIP: "127.0.0.1", HostPort: 8080, GuestPort: 80, Protocol: "tcp" }],
  ["8080", { HostIP: "127.0.0.1", HostPort: 8080, GuestPort: 8080, Protocol: "tcp" }],
  ["0.0.0.0:8080:80", { HostIP: "0.0.0.0", HostPort: 8080, GuestPort: 80, Protocol: "tcp" }],
  ["5353:53/udp", { HostIP: "127.0.0.1", HostPort: 5353, GuestPort: 53, Protocol: "udp" }],
])("port %s is published", (text, expected) => {
  expect(parsePublish(text)).toEqual(expected);
});

test.each(["", "a:80", "80:", "0:80", "80:65536", "1:2:3", "80:80/sctp", "80,hostfwd=x"])(
  "port %j is refused",
  (text) => {
    expect(() => parsePublish(text)).toThrow(`"${text}" is not a port to publish`);
  },
);
