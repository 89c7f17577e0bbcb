import { describe, expect, test } from "vitest";
import { pathRefusal } from "./share-path.ts";
import { parseShare } from "./shares.ts";

describe("boot2podman.share", () => {
  test.each([
    ["src:/src", { name: "src", path: "/src", isReadOnly: false }],
    ["src:/home/tc/src:ro", { name: "src", path: "/home/tc/src", isReadOnly: true }],
    ["c:/Users:/c/Users:rw", { name: "c:/Users", path: "/c/Users", isReadOnly: false }],
    ["home:/host/home", { name: "home", path: "/host/home", isReadOnly: false }],
  ])("understands %j", (value, share) => {
    expect(parseShare(value)).toEqual(share);
  });

  test.each([
    ["src", "TAG:/PATH"],
    ["src:relative", "TAG:/PATH"],
    [":/src", "TAG:/PATH"],
    ["src:/src:rx", "TAG:/PATH"],
    ["src:/a/../../etc", 'it has the part ".."'],
    ["src:/", "it has an empty part"],
    ["src:/usr", "/usr is the system's"],
    ["src:/usr/share/x", "/usr is the system's"],
    ["src:/home", "/home is the system's"],
    ["src:/home/tc", "/home/tc is the system's"],
    ["src:/home/captain", "/home/captain is the system's"],
    ["src:/home/captain/.ssh", "/home/captain/.ssh is the system's"],
    ["src:/home/captain/.local", "/home/captain/.local is the system's"],
    ["src:/home/tc/.local/share/containers", "/home/tc/.local/share/containers is the system's"],
    ["src:/home/tc/.config", "/home/tc/.config is the system's"],
    ["src:/root/.ssh", "/root/.ssh is the system's"],
    ["src:/var/lib", "/var/lib is the system's"],
    ["src:/etc/ssh", "/etc/ssh is the system's"],
    ["src:/var/lib/containers", "/var/lib/containers is the system's"],
    ["src:/proc/1/root", "/proc is the system's"],
  ])("refuses %j", (value, expected) => {
    expect(parseShare(value)).toContain(expected);
  });

  test("lets a person mount inside folders of the system that may be added to", () => {
    const inSystem = ["/mnt/x", "/etc/x", "/opt/x", "/var/lib/x", "/var/lib/containers2"];
    const inHomes = ["/home/tc/src", "/home/captain/a/b", "/home/tc/.sshx", "/home/tc/.config/app"];
    for (const path of [...inSystem, ...inHomes, "/root/src", "/homes/tc", "/x/.ssh"]) {
      expect(pathRefusal(path)).toBeUndefined();
    }
  });
});
