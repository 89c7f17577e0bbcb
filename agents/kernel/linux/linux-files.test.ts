import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SystemPath } from "../system-path.ts";
import { linuxFiles } from "./linux-files.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "linux-files-"));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true });
});
/** As if the system had made them: here they are read by either reader. */
const path = (name: string) => join(folder, name) as SystemPath;
const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

describe("writeAtomic", () => {
  test("replaces the content, sets the mode whatever the umask, and leaves nothing beside it", () => {
    const umask = process.umask(0o077);
    linuxFiles.writeAtomic(path("a"), "one");
    linuxFiles.writeAtomic(path("a"), "two", { mode: 0o604, owner: me });
    process.umask(umask);
    expect(linuxFiles.readText(path("a"))).toBe("two");
    expect(linuxFiles.stat(path("a"))?.mode).toBe(0o604);
    expect(linuxFiles.list(path("."))).toEqual(["a"]);
  });

  test("gives 0644 when nothing else is asked for", () => {
    linuxFiles.writeAtomic(path("a"), "");
    expect(linuxFiles.stat(path("a"))).toMatchObject({ mode: 0o644, sizeBytes: 0, kind: "file" });
  });

  test("replaces a link instead of writing where it leads", () => {
    linuxFiles.writeAtomic(path("precious"), "mine");
    linuxFiles.symlink("precious", path("link"));
    linuxFiles.writeAtomic(path("link"), "new");
    expect(linuxFiles.readText(path("precious"))).toBe("mine");
    expect(linuxFiles.lstat(path("link"))?.kind).toBe("file");
  });

  test("doesn't follow a link that lies where its temporary file goes, and gets past a stale one", () => {
    linuxFiles.writeAtomic(path("precious"), "mine");
    linuxFiles.symlink("precious", path(".a.new"));
    linuxFiles.writeAtomic(path("a"), "new");
    expect(linuxFiles.readText(path("precious"))).toBe("mine");
    expect(linuxFiles.list(path("."))).toEqual(["a", "precious"]);
  });

  test("names the operation, the path and the reason when it is refused", () => {
    expect(() => linuxFiles.writeAtomic(path("none/a"), "x")).toThrow(
      `write ${path("none/a")}: ENOENT`,
    );
  });
});

describe("reading", () => {
  test("what is missing is undefined or empty where that is asked for", () => {
    linuxFiles.writeAtomic(path("file"), "x");
    for (const missing of [path("none"), path("file/below")]) {
      expect(linuxFiles.stat(missing)).toBeUndefined();
      expect(linuxFiles.lstat(missing)).toBeUndefined();
      expect(linuxFiles.readTextIfPresent(missing)).toBeUndefined();
      expect(linuxFiles.listIfPresent(missing)).toEqual([]);
      expect(linuxFiles.readNoFollow(missing, 9)).toBeUndefined();
    }
    expect(() => linuxFiles.readText(path("none"))).toThrow("ENOENT");
    expect(() => linuxFiles.list(path("none"))).toThrow("ENOENT");
  });

  test("no more than asked for", () => {
    linuxFiles.writeAtomic(path("a"), "0123456789");
    expect(Buffer.from(linuxFiles.read(path("a"), 4)).toString()).toBe("0123");
    expect(linuxFiles.read(path("a"))).toHaveLength(10);
    expect(linuxFiles.readNoFollow(path("a"), 3)).toHaveLength(3);
  });

  test("readNoFollow refuses links and what is no file", () => {
    linuxFiles.symlink("/etc/passwd", path("link"));
    linuxFiles.mkdir(path("folder"));
    expect(() => linuxFiles.readNoFollow(path("link"), 9)).toThrow("ELOOP");
    expect(() => linuxFiles.readNoFollow(path("folder"), 9)).toThrow("EINVAL");
  });
});

describe("below a folder of somebody else", () => {
  test("makes folders and writes into them", () => {
    linuxFiles.mkdirBeneath(folder, ".ssh/inner", { mode: 0o700, owner: me });
    linuxFiles.withFolderBeneath(folder, ".ssh/inner", (inner) => {
      linuxFiles.writeAtomic(`${inner}/key`, "k", { mode: 0o600 });
    });
    expect(linuxFiles.readText(path(".ssh/inner/key"))).toBe("k");
    expect(linuxFiles.stat(path(".ssh"))?.mode).toBe(0o700);
  });

  test("lists what is in a folder that is held open, and follows no link to one", () => {
    linuxFiles.mkdirBeneath(folder, ".ssh", { mode: 0o700, owner: me });
    linuxFiles.writeAtomic(path(".ssh/key"), "k");
    linuxFiles.symlink(".ssh", path("link"));
    const names = linuxFiles.withFolderBeneath(folder, ".ssh", (held) =>
      linuxFiles.listNoFollow(held),
    );
    expect(names).toEqual(["key"]);
    expect(linuxFiles.listNoFollow(path("absent"))).toEqual([]);
    expect(() => linuxFiles.listNoFollow(path("link"))).toThrow(/ELOOP|ENOTDIR/);
  });

  test("what is no folder isn't taken for an empty one", () => {
    linuxFiles.writeAtomic(path("file"), "x");
    expect(() => linuxFiles.listNoFollow(path("file"))).toThrow("ENOTDIR");
  });

  test("a file that is made by appending can be read by others, as logs are", () => {
    linuxFiles.append(path("log"), "line\n");
    expect(linuxFiles.stat(path("log"))?.mode).toBe(0o644);
  });

  test("leaves the mode of a folder that was there", () => {
    linuxFiles.mkdir(path("there"), { mode: 0o751 });
    linuxFiles.mkdirBeneath(folder, "there/new", { mode: 0o700, owner: me });
    expect(linuxFiles.stat(path("there"))?.mode).toBe(0o751);
  });

  test("follows no link on the way", () => {
    linuxFiles.mkdir(path("elsewhere/inner"));
    linuxFiles.symlink("elsewhere", path("link"));
    expect(() => linuxFiles.withFolderBeneath(folder, "link/inner", () => 0)).toThrow(
      /ELOOP|ENOTDIR/,
    );
    expect(() => linuxFiles.withFolderBeneath(folder, "link", () => 0)).toThrow(/ELOOP|ENOTDIR/);
    const ownership = { mode: 0o700, owner: me };
    expect(() => linuxFiles.mkdirBeneath(folder, "link/x", ownership)).toThrow(/ELOOP|ENOTDIR/);
    expect(linuxFiles.list(path("elsewhere"))).toEqual(["inner"]);
  });

  test.each(["..", "a/../..", "/etc"])("refuses the path %s", (relativePath) => {
    expect(() => linuxFiles.withFolderBeneath(folder, relativePath, () => 0)).toThrow("EINVAL");
  });

  test("stays on the folder that it opened when a link takes its place", () => {
    linuxFiles.mkdir(path("home/.ssh"));
    linuxFiles.mkdir(path("etc"));
    linuxFiles.withFolderBeneath(path("home"), ".ssh", (inner) => {
      linuxFiles.rename(path("home/.ssh"), path("home/moved"));
      linuxFiles.symlink(path("etc"), path("home/.ssh"));
      linuxFiles.writeAtomic(`${inner}/authorized_keys`, "key");
    });
    expect(linuxFiles.list(path("etc"))).toEqual([]);
    expect(linuxFiles.readText(path("home/moved/authorized_keys"))).toBe("key");
  });

  test("closes what it opened, also when the work throws", () => {
    const count = () => fs.readdirSync("/proc/self/fd").length;
    const before = count();
    linuxFiles.mkdirBeneath(folder, "a/b/c", { mode: 0o700, owner: me });
    expect(() =>
      linuxFiles.withFolderBeneath(folder, "a/b", () => {
        throw new Error("work");
      }),
    ).toThrow("work");
    expect(() => linuxFiles.withFolderBeneath(folder, "a/none/c", () => 0)).toThrow("ENOENT");
    expect(count()).toBe(before);
  });
});

test("copyTree keeps modes, times and links, and replaces what is there", () => {
  linuxFiles.mkdir(path("from/etc"), { mode: 0o750 });
  linuxFiles.writeAtomic(path("from/etc/tool"), "new", { mode: 0o4755 });
  fs.utimesSync(path("from/etc/tool"), 1000, 2000);
  linuxFiles.symlink("/nowhere", path("from/link"));
  linuxFiles.mkdir(path("to/etc"));
  linuxFiles.writeAtomic(path("to/etc/tool"), "old and longer");
  linuxFiles.writeAtomic(path("to/kept"), "kept");
  linuxFiles.copyTree(path("from"), path("to"));
  expect(linuxFiles.readText(path("to/etc/tool"))).toBe("new");
  expect(linuxFiles.stat(path("to/etc/tool"))).toMatchObject({ mode: 0o4755, mtimeMs: 2_000_000 });
  expect(linuxFiles.stat(path("to/etc"))?.mode).toBe(0o750);
  expect(linuxFiles.readlink(path("to/link"))).toBe("/nowhere");
  expect(linuxFiles.readText(path("to/kept"))).toBe("kept");
});

test("mkdir gives the mode to a folder that was there, and makes its parents", () => {
  linuxFiles.mkdir(path("a/b"), { mode: 0o700 });
  linuxFiles.mkdir(path("a/b"), { mode: 0o711 });
  expect(linuxFiles.stat(path("a/b"))?.mode).toBe(0o711);
});

test("append adds, and writePlain replaces in place", () => {
  linuxFiles.writePlain(path("a"), "12345");
  const inode = linuxFiles.stat(path("a"))?.inode;
  linuxFiles.writePlain(path("a"), "x");
  linuxFiles.append(path("a"), "y");
  expect(linuxFiles.readText(path("a"))).toBe("xy");
  expect(linuxFiles.stat(path("a"))?.inode).toBe(inode);
});
