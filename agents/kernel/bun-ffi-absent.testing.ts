/** What the tests on Node get in place of `bun:ffi`: nothing there may reach the real kernel. */
function absent(): never {
  throw new Error("bun:ffi was called outside Bun: hand a FakeKernel to the code under test");
}

export const dlopen = absent;
export const ptr = absent;
export const read = new Proxy({}, { get: absent });
export const FFIType = {};
