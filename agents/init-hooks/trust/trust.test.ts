import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { certificatesOf } from "./certificates.ts";
import { madeCertificate } from "./made-certificate.testing.ts";
import { trustBundle, trustStage } from "./stage.ts";

const folder = "/var/lib/boot2podman/certs";
const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

test("takes certificates out of a file, whatever else is in it", () => {
  expect(certificatesOf(`Registry\n${madeCertificate}${key}\r\n${madeCertificate}`)).toEqual([
    madeCertificate,
    madeCertificate,
  ]);
});

test.each([
  ["", "it contains no certificate"],
  [key, "it contains no certificate"],
  [madeCertificate.slice(0, -30), "it contains no certificate"],
  [madeCertificate.replace("MII", "AII"), "its certificate 1 is damaged"],
  [`${madeCertificate}${madeCertificate.replace(/\n.{20}/, "\n")}`, "its certificate 2 is damaged"],
])("refuses what is no certificate (%#)", (text, message) => {
  expect(() => certificatesOf(text)).toThrow(message);
});

function run(kernel: FakeKernel) {
  const notes = { observed: null, plan: null, done: [] as string[] };
  return trustStage.run({ kernel, options: defaultBootOptions, notes });
}

const image = "image's own\n";

test("without certificates the image's bundle isn't touched", async () => {
  const kernel = new FakeKernel().lay({ [trustBundle]: image, [`${folder}/readme.txt`]: "x" });
  expect((await run(kernel)).result).toBe("skipped");
  expect(kernel.journal).toEqual([]);
});

test("adds the data disk's certificates behind the image's, once", async () => {
  const kernel = new FakeKernel().lay({
    [trustBundle]: image,
    [`${folder}/a.pem`]: madeCertificate,
    [`${folder}/b.crt`]: madeCertificate,
  });
  expect(await run(kernel)).toEqual({ result: "ok", message: "2 certificates added" });
  await run(kernel);
  expect(kernel.readText(trustBundle)).toBe(
    `${image}# from the data disk\n${madeCertificate}${madeCertificate}`,
  );
});

test("leaves links, broken files and odd ones out, says which, and takes the others", async () => {
  const kernel = new FakeKernel().lay({
    [trustBundle]: image,
    [`${folder}/good.pem`]: madeCertificate,
    [`${folder}/bad\n.pem`]: "x",
    [`${folder}/folder.crt`]: null,
    [`${folder}/large.crt`]: "x".repeat(1024 * 1024 + 1),
    "/etc/secret": madeCertificate,
  });
  kernel.symlink("/etc/secret", `${folder}/link.pem`);
  const said = await run(kernel).catch((error: Error) => error.message);
  expect(said).toMatch(/^1 certificate added; /);
  expect(said).toContain('certs/"bad\\n.pem" is skipped: it contains no certificate');
  expect(said).toContain('certs/"link.pem" is skipped: ');
  expect(said).toContain('certs/"folder.crt" is skipped: ');
  expect(said).toContain('certs/"large.crt" is skipped: it is longer than');
  expect(kernel.readText(trustBundle)).toBe(`${image}# from the data disk\n${madeCertificate}`);
});
