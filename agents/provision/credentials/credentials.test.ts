import { describe, expect, test } from "vitest";
import { credentialOf, provisionsOf } from "./credentials.ts";
import { oemTable } from "./made-tables.testing.ts";
import { oemStrings } from "./smbios.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const tc = { name: "tc", home: "/home/tc" };

describe("SMBIOS type 11", () => {
  test("gives its strings, whatever structures stand around it", () => {
    expect(oemStrings(oemTable("one", "two=2"))).toEqual(["one", "two=2"]);
  });

  test.each([
    ["empty", new Uint8Array()],
    ["cut off in a structure", oemTable("one").subarray(0, 3)],
    ["with a structure of no length", Uint8Array.from([11, 0, 0, 0, 65, 0, 0])],
  ])("gives nothing for a table that is %s", (_, table) => {
    expect(oemStrings(table)).toEqual([]);
  });

  test("of a table cut off within its strings gives the whole ones", () => {
    const table = oemTable("one", "two");
    expect(oemStrings(table.subarray(0, table.length - 10))).toEqual(["one"]);
  });
});

describe("a credential", () => {
  test.each([
    ["io.systemd.credential:a.b=text", { name: "a.b", text: "text" }],
    [`io.systemd.credential.binary:a=${base64("x\ny=")}`, { name: "a", text: "x\ny=" }],
  ])("is read from %s", (text, credential) => {
    expect(credentialOf(text)).toMatchObject(credential);
  });

  test.each(["", "OEM string", "io.systemd.credential:", "io.systemd.credentials:a=b"])(
    "is not seen in %j",
    (text) => expect(credentialOf(text)).toBeUndefined(),
  );

  const given = (name: string, text: string) => provisionsOf([{ name, text, from: "test" }], tc);

  test("for root is for root alone, the ephemeral one for everybody, others for nobody", () => {
    expect(given("ssh.authorized_keys.root", "k")).toMatchObject([
      { from: "test", users: [{ name: "root", keys: ["k"] }] },
    ]);
    expect(given("ssh.ephemeral-authorized_keys-all", "k")).toMatchObject([
      { users: [{ name: undefined, keys: ["k"] }] },
    ]);
    expect(given("passwd.hashed-password.root", "k")).toEqual([]);
  });

  test("tmpfiles.extra gives the keys in the form of podman-bootc", () => {
    const lines = (home: string, user: string) =>
      `d ${home}/.ssh 0750 ${user} ${user} -\nf+~ ${home}/.ssh/authorized_keys 700 ${user} ${user} - ${base64("the key\n")}\n`;
    expect(given("tmpfiles.extra", lines("/root", "root"))).toMatchObject([
      { from: "test", users: [{ name: "root", keys: ["the key\n"] }] },
    ]);
    expect(given("tmpfiles.extra", lines("/home/tc", "tc"))[0]?.users[0]?.name).toBeUndefined();
    expect(given("tmpfiles.extra", lines("/home/eve", "eve"))).toMatchObject([
      {
        users: [],
        warnings: ["/home/eve/.ssh/authorized_keys belongs to no user of this machine"],
      },
    ]);
  });

  test.each([
    ["a\\nb", "a\nb"],
    ["a\\x20b\\tc", "a b\tc"],
    ["a\\\\nb", "a\\nb"],
  ])("tmpfiles.extra may write an argument as %s", (written, text) => {
    const line = `f /root/.ssh/authorized_keys 600 root root - ${written}\n`;
    expect(given("tmpfiles.extra", line)[0]?.users).toEqual([{ name: "root", keys: [text] }]);
  });

  test("tmpfiles.extra does nothing else that such a file could ask for", () => {
    const other = "w /proc/sysrq-trigger - - - - b\nf /etc/shadow 0600 root root - root::\n";
    expect(given("tmpfiles.extra", other)).toMatchObject([{ users: [], warnings: [] }]);
  });
});
