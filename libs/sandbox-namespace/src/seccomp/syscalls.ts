/** Machines whose system calls are known here; names as Node's `process.arch`. */
export type Machine = "x64" | "arm64";

/** AUDIT_ARCH_* of linux/audit.h. */
export const auditArch: Readonly<Record<Machine, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };

/** Calls that get an answer of their own because it depends on their arguments. */
export const inspected = {
  x64: { clone: 56, socket: 41, socketpair: 53, ioctl: 16, personality: 135 },
  arm64: { clone: 220, socket: 198, socketpair: 199, ioctl: 29, personality: 92 },
} as const satisfies Record<Machine, Record<string, number>>;

/** Calls that behave as on a kernel that does not have them, so that programs take their other way. */
export const absent: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  // Its flags are behind a pointer, which a filter cannot read: programs fall back to clone.
  clone3: [435, 435],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  memfd_secret: [447, 447],
};

/** Calls that are refused with EPERM. -1: the machine has none. */
export const refused: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  // mounts and namespaces
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  move_mount: [429, 429],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  statmount: [457, 457],
  listmount: [458, 458],
  unshare: [272, 97],
  setns: [308, 268],
  // other processes
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // the kernel's larger surfaces
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  fanotify_init: [300, 262],
  fanotify_mark: [301, 263],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  // the machine
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, -1],
  get_kernel_syms: [177, -1],
  query_module: [178, -1],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  vhangup: [153, 58],
  iopl: [172, -1],
  ioperm: [173, -1],
  modify_ldt: [154, -1],
  uselib: [134, -1],
  ustat: [136, -1],
  sysfs: [139, -1],
  _sysctl: [156, -1],
  // placement of memory on nodes, as containers refuse it
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  set_mempolicy_home_node: [450, 450],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
};

/** Highest number that was looked at (Linux 6.17, file_setattr). Later calls do not exist inside. */
export const HIGHEST_KNOWN = 469;
