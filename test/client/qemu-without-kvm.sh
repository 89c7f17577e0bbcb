#!/bin/bash
# QEMU as Podman's client calls it, emulated: KVM, which it insists on, may not work here. QEMU_CPU is another processor.
words=()
while [ $# -gt 0 ]; do
  case $1 in
    -accel) words+=(-accel tcg,thread=multi); shift 2 ;;
    -cpu) words+=(-cpu "${QEMU_CPU:-max}"); shift 2 ;;
    *) words+=("$1"); shift ;;
  esac
done
exec /usr/bin/qemu-system-x86_64 "${words[@]}" -serial "file:/opt/out/u$(id -u)/console.log"
