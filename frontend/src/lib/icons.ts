// One import for each icon, by its own path: so a build has these and no others.

import Activity from '@lucide/svelte/icons/activity';
import ArchiveRestore from '@lucide/svelte/icons/archive-restore';
import ArrowUpDown from '@lucide/svelte/icons/arrow-up-down';
import Ban from '@lucide/svelte/icons/ban';
import Camera from '@lucide/svelte/icons/camera';
import Check from '@lucide/svelte/icons/check';
import ChevronDown from '@lucide/svelte/icons/chevron-down';
import ChevronLeft from '@lucide/svelte/icons/chevron-left';
import ChevronRight from '@lucide/svelte/icons/chevron-right';
import CircleAlert from '@lucide/svelte/icons/circle-alert';
import CircleDot from '@lucide/svelte/icons/circle-dot';
import Clipboard from '@lucide/svelte/icons/clipboard';
import Clock from '@lucide/svelte/icons/clock';
import Columns2 from '@lucide/svelte/icons/columns-2';
import Command from '@lucide/svelte/icons/command';
import Copy from '@lucide/svelte/icons/copy';
import Cpu from '@lucide/svelte/icons/cpu';
import Disc3 from '@lucide/svelte/icons/disc-3';
import Download from '@lucide/svelte/icons/download';
import Ellipsis from '@lucide/svelte/icons/ellipsis';
import Eraser from '@lucide/svelte/icons/eraser';
import ExternalLink from '@lucide/svelte/icons/external-link';
import Grid2x2 from '@lucide/svelte/icons/grid-2x2';
import GripVertical from '@lucide/svelte/icons/grip-vertical';
import Group from '@lucide/svelte/icons/group';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import HeartPulse from '@lucide/svelte/icons/heart-pulse';
import Info from '@lucide/svelte/icons/info';
import Keyboard from '@lucide/svelte/icons/keyboard';
import Layers from '@lucide/svelte/icons/layers';
import LayoutGrid from '@lucide/svelte/icons/layout-grid';
import Library from '@lucide/svelte/icons/library';
import Link from '@lucide/svelte/icons/link';
import ListFilter from '@lucide/svelte/icons/list-filter';
import Maximize2 from '@lucide/svelte/icons/maximize-2';
import MemoryStick from '@lucide/svelte/icons/memory-stick';
import Monitor from '@lucide/svelte/icons/monitor';
import Moon from '@lucide/svelte/icons/moon';
import Network from '@lucide/svelte/icons/network';
import NotebookPen from '@lucide/svelte/icons/notebook-pen';
import Pause from '@lucide/svelte/icons/pause';
import Pencil from '@lucide/svelte/icons/pencil';
import Pin from '@lucide/svelte/icons/pin';
import Play from '@lucide/svelte/icons/play';
import Plus from '@lucide/svelte/icons/plus';
import Power from '@lucide/svelte/icons/power';
import Radio from '@lucide/svelte/icons/radio';
import RotateCcwClock from '@lucide/svelte/icons/rotate-ccw-clock';
import RotateCw from '@lucide/svelte/icons/rotate-cw';
import Rows3 from '@lucide/svelte/icons/rows-3';
import Scan from '@lucide/svelte/icons/scan';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Search from '@lucide/svelte/icons/search';
import Shrink from '@lucide/svelte/icons/shrink';
import Send from '@lucide/svelte/icons/send';
import Server from '@lucide/svelte/icons/server';
import Settings2 from '@lucide/svelte/icons/settings-2';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import Square from '@lucide/svelte/icons/square';
import SquareTerminal from '@lucide/svelte/icons/square-terminal';
import Sun from '@lucide/svelte/icons/sun';
import Terminal from '@lucide/svelte/icons/terminal';
import TextCursorInput from '@lucide/svelte/icons/text-cursor-input';
import Trash from '@lucide/svelte/icons/trash';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import Undo2 from '@lucide/svelte/icons/undo-2';
import X from '@lucide/svelte/icons/x';

/** Our icons: what each stands for, and lucide's drawing of it. */
export const icons = {
  nodes: Server,
  images: Layers,
  catalogue: Library,
  health: HeartPulse,
  settings: Settings2,
  down: ChevronDown,
  external: ExternalLink,
  link: Link,
  log: ScrollText,
  console: SquareTerminal,
  play: Play,
  stop: Square,
  pause: Pause,
  power: Power,
  restart: RotateCw,
  wipe: Eraser,
  undo: Undo2,
  restore: ArchiveRestore,
  edit: Pencil,
  sliders: SlidersHorizontal,
  copy: Copy,
  trash: Trash,
  plus: Plus,
  close: X,
  more: Ellipsis,
  search: Search,
  check: Check,
  warning: TriangleAlert,
  error: CircleAlert,
  fit: Scan,
  fullscreen: Maximize2,
  grid: LayoutGrid,
  table: Rows3,
  group: Group,
  sort: ArrowUpDown,
  filter: ListFilter,
  keyboard: Keyboard,
  command: Command,
  activity: Activity,
  camera: Camera,
  record: CircleDot,
  split: Columns2,
  split4: Grid2x2,
  display: Monitor,
  serial: Terminal,
  broadcast: Radio,
  type: TextCursorInput,
  clipboard: Clipboard,
  pin: Pin,
  chevronRight: ChevronRight,
  chevronLeft: ChevronLeft,
  info: Info,
  history: RotateCcwClock,
  notes: NotebookPen,
  cpu: Cpu,
  memory: MemoryStick,
  disk: HardDrive,
  disc: Disc3,
  compress: Shrink,
  download: Download,
  network: Network,
  clock: Clock,
  cancel: Ban,
  sun: Sun,
  moon: Moon,
  drag: GripVertical,
  send: Send,
};

export type IconName = keyof typeof icons;

/** Whether there is such an icon: a name without one takes its room and draws nothing. */
export const isIcon = (name: string): name is IconName => name in icons;
