// The machine of the backend that lives in the page.

const MiB = 1 << 20;

export const host = {
  uri: 'qemu:///session',
  profile: 'session',
  hypervisor: 'QEMU 7.2.22, libvirt 9.0.0',
  cpus: 2,
  memoryMiB: 24_033,
  freeMiB: 11_873,
  accelerated: false,
  acceleration: 'Emulated (TCG): /dev/kvm is not there. Nodes run about ten times slower.',
  poolPath: '/home/ada/.local/share/sandboxlabs/pool',
  poolBytes: 480 * 1024 * MiB,
  poolFreeBytes: 31 * 1024 * MiB,
};
