import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { renameUser } from "./rename-user.ts";

function system(): FakeKernel {
  return new FakeKernel().lay({
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ntc:x:1000:50:tc:/home/tc:/bin/bash\n",
    "/etc/shadow": "root:*:0::::::\ntc:*:0::::::\n",
    "/etc/group": "staff:x:50:\nkvm:x:104:other,tc\n",
    "/etc/subuid": "tc:100000:65536\n",
    "/etc/subgid": "tc:100000:65536\n",
    "/etc/ssh/sshd_config": "Port 22\nMatch User tc\n  SetEnv A=1\n",
    "/home/tc/.profile": "x",
  });
}

test("gives the account another name wherever it stands, and nobody else", () => {
  const kernel = system();
  renameUser(kernel, "docker");
  expect(kernel.readText("/etc/passwd")).toBe(
    "root:x:0:0:root:/root:/bin/bash\ndocker:x:1000:50:tc:/home/docker:/bin/bash\n",
  );
  expect(kernel.readText("/etc/shadow")).toBe("root:*:0::::::\ndocker:*:0::::::\n");
  expect(kernel.stat("/etc/shadow")?.mode).toBe(0o600);
  expect(kernel.readText("/etc/group")).toBe("staff:x:50:\nkvm:x:104:other,docker\n");
  expect(kernel.readText("/etc/subuid")).toBe("docker:100000:65536\n");
  expect(kernel.readText("/etc/subgid")).toBe("docker:100000:65536\n");
  expect(kernel.readText("/etc/ssh/sshd_config")).toBe(
    "Port 22\nMatch User docker\n  SetEnv A=1\n",
  );
  expect(kernel.readText("/home/docker/.profile")).toBe("x");
  expect(kernel.exists("/home/tc")).toBe(false);
});

test.each(["tc", "root"])("changes nothing for %s, who is there already", (name) => {
  const kernel = system();
  renameUser(kernel, name);
  expect(kernel.journal).toEqual([]);
});
