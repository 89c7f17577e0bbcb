import type { ExtractedPackage } from "../extract/extract.ts";
import type { LockedPackage } from "../resolve/lock.ts";
import { declaredLicence } from "./licences.ts";
import type { Manifest } from "./manifest.ts";

/** The software bill of materials in the folder of artifacts. */
export const sbomName = "sbom.spdx.json";

/** An npm package that is compiled into the agents. */
export interface BundledPackage {
  name: string;
  version: string;
  /** As npm's lock file has it. */
  licence?: string | undefined;
}

type Facts = Pick<Manifest, "version" | "arch" | "suite" | "timeSeconds" | "artifacts"> & {
  /** The extension that the software is in; the image by default. */
  extension?: string;
};

/**
 * The software in the image as an SPDX 2.3 document. Its name space is made of the artifacts' hashes
 * instead of a random number, so that the same image has the same document.
 */
export function sbomText(
  facts: Facts,
  packages: readonly Pick<ExtractedPackage, "locked" | "licences">[],
  bundled: readonly BundledPackage[],
): string {
  const iso = facts.artifacts.find(({ name }) => /\.(iso|raw)$/.test(name));
  const named =
    facts.extension === undefined ? "boot2podman" : `boot2podman-extension-${facts.extension}`;
  const image = {
    SPDXID: `SPDXRef-${named}`,
    name: named,
    versionInfo: facts.version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
    checksums: iso ? [{ algorithm: "SHA256", checksumValue: iso.sha256 }] : [],
    primaryPackagePurpose: "OPERATING-SYSTEM",
  };
  const licences = packages.map((one) => declaredLicence(one.locked.name, one.licences));
  const parts = [
    ...packages.map(({ locked }, index) =>
      debianPackage(locked, licences[index]?.expression, facts),
    ),
    ...bundled.map((one) => npmPackage(one)),
  ];
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${named}-${facts.version}-${facts.arch}`,
    documentNamespace: `https://boot2podman.github.io/spdx/${facts.extension === undefined ? "" : `${facts.extension}-`}${facts.version}-${facts.arch}-${iso?.sha256 ?? "none"}`,
    creationInfo: {
      created: new Date(facts.timeSeconds * 1000).toISOString().replace(".000Z", "Z"),
      creators: [`Tool: boot2podman-build-${facts.version}`],
    },
    packages: [image, ...parts],
    hasExtractedLicensingInfos: licences.flatMap(({ extracted }) => extracted),
    relationships: [
      relationship("SPDXRef-DOCUMENT", "DESCRIBES", image.SPDXID),
      ...parts.map(({ SPDXID }) => relationship(image.SPDXID, "CONTAINS", SPDXID)),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function debianPackage(one: LockedPackage, licence: string | undefined, facts: Facts) {
  const version = encodeURIComponent(one.version);
  return part(
    `deb-${one.name}`,
    one.name,
    one.version,
    `pkg:deb/debian/${one.name}@${version}?arch=${facts.arch}&distro=${facts.suite}`,
    [{ algorithm: "SHA256", checksumValue: one.sha256 }],
    licence,
  );
}

function npmPackage({ name, version, licence }: BundledPackage) {
  const locator = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return part(`npm-${name}`, name, version, locator, [], licence);
}

function part(
  id: string,
  name: string,
  version: string,
  locator: string,
  checksums: { algorithm: string; checksumValue: string }[],
  licence = "NOASSERTION",
) {
  return {
    // SPDX 2.3: letters, digits, "." and "-" only.
    SPDXID: `SPDXRef-${id.replace(/[^A-Za-z0-9.-]/g, "-")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: licence,
    copyrightText: "NOASSERTION",
    checksums,
    externalRefs: [
      {
        referenceCategory: "PACKAGE-MANAGER",
        referenceType: "purl",
        referenceLocator: locator,
      },
    ],
  };
}

function relationship(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}
