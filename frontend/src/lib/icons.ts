// One import for each icon, by its own path: so a build has these and no others.

import activity from 'lucide-static/icons/activity.svg?raw';
import archiveRestore from 'lucide-static/icons/archive-restore.svg?raw';
import arrowUpDown from 'lucide-static/icons/arrow-up-down.svg?raw';
import ban from 'lucide-static/icons/ban.svg?raw';
import camera from 'lucide-static/icons/camera.svg?raw';
import check from 'lucide-static/icons/check.svg?raw';
import chevronDown from 'lucide-static/icons/chevron-down.svg?raw';
import chevronLeft from 'lucide-static/icons/chevron-left.svg?raw';
import chevronRight from 'lucide-static/icons/chevron-right.svg?raw';
import circleAlert from 'lucide-static/icons/circle-alert.svg?raw';
import circleDot from 'lucide-static/icons/circle-dot.svg?raw';
import clipboard from 'lucide-static/icons/clipboard.svg?raw';
import clock from 'lucide-static/icons/clock.svg?raw';
import columns2 from 'lucide-static/icons/columns-2.svg?raw';
import command from 'lucide-static/icons/command.svg?raw';
import copy from 'lucide-static/icons/copy.svg?raw';
import cpu from 'lucide-static/icons/cpu.svg?raw';
import disc3 from 'lucide-static/icons/disc-3.svg?raw';
import download from 'lucide-static/icons/download.svg?raw';
import ellipsis from 'lucide-static/icons/ellipsis.svg?raw';
import eraser from 'lucide-static/icons/eraser.svg?raw';
import externalLink from 'lucide-static/icons/external-link.svg?raw';
import grid2x2 from 'lucide-static/icons/grid-2x2.svg?raw';
import gripVertical from 'lucide-static/icons/grip-vertical.svg?raw';
import group from 'lucide-static/icons/group.svg?raw';
import hardDrive from 'lucide-static/icons/hard-drive.svg?raw';
import heartPulse from 'lucide-static/icons/heart-pulse.svg?raw';
import info from 'lucide-static/icons/info.svg?raw';
import keyboard from 'lucide-static/icons/keyboard.svg?raw';
import layers from 'lucide-static/icons/layers.svg?raw';
import layoutGrid from 'lucide-static/icons/layout-grid.svg?raw';
import library from 'lucide-static/icons/library.svg?raw';
import link from 'lucide-static/icons/link.svg?raw';
import listFilter from 'lucide-static/icons/list-filter.svg?raw';
import maximize2 from 'lucide-static/icons/maximize-2.svg?raw';
import memoryStick from 'lucide-static/icons/memory-stick.svg?raw';
import monitor from 'lucide-static/icons/monitor.svg?raw';
import moon from 'lucide-static/icons/moon.svg?raw';
import network from 'lucide-static/icons/network.svg?raw';
import notebookPen from 'lucide-static/icons/notebook-pen.svg?raw';
import pause from 'lucide-static/icons/pause.svg?raw';
import pencil from 'lucide-static/icons/pencil.svg?raw';
import pin from 'lucide-static/icons/pin.svg?raw';
import play from 'lucide-static/icons/play.svg?raw';
import plus from 'lucide-static/icons/plus.svg?raw';
import power from 'lucide-static/icons/power.svg?raw';
import radio from 'lucide-static/icons/radio.svg?raw';
import rotateCcwClock from 'lucide-static/icons/rotate-ccw-clock.svg?raw';
import rotateCw from 'lucide-static/icons/rotate-cw.svg?raw';
import rows3 from 'lucide-static/icons/rows-3.svg?raw';
import scan from 'lucide-static/icons/scan.svg?raw';
import scrollText from 'lucide-static/icons/scroll-text.svg?raw';
import search from 'lucide-static/icons/search.svg?raw';
import shrink from 'lucide-static/icons/shrink.svg?raw';
import send from 'lucide-static/icons/send.svg?raw';
import server from 'lucide-static/icons/server.svg?raw';
import settings2 from 'lucide-static/icons/settings-2.svg?raw';
import slidersHorizontal from 'lucide-static/icons/sliders-horizontal.svg?raw';
import square from 'lucide-static/icons/square.svg?raw';
import squareTerminal from 'lucide-static/icons/square-terminal.svg?raw';
import sun from 'lucide-static/icons/sun.svg?raw';
import terminal from 'lucide-static/icons/terminal.svg?raw';
import textCursorInput from 'lucide-static/icons/text-cursor-input.svg?raw';
import trash from 'lucide-static/icons/trash.svg?raw';
import triangleAlert from 'lucide-static/icons/triangle-alert.svg?raw';
import undo2 from 'lucide-static/icons/undo-2.svg?raw';
import x from 'lucide-static/icons/x.svg?raw';

/** Our icons: what each stands for, and lucide's drawing of it as SVG that fills its place. */
export const icons = {
  nodes: server,
  images: layers,
  catalogue: library,
  health: heartPulse,
  settings: settings2,
  down: chevronDown,
  external: externalLink,
  link: link,
  log: scrollText,
  console: squareTerminal,
  play: play,
  stop: square,
  pause: pause,
  power: power,
  restart: rotateCw,
  wipe: eraser,
  undo: undo2,
  restore: archiveRestore,
  edit: pencil,
  sliders: slidersHorizontal,
  copy: copy,
  trash: trash,
  plus: plus,
  close: x,
  more: ellipsis,
  search: search,
  check: check,
  warning: triangleAlert,
  error: circleAlert,
  fit: scan,
  fullscreen: maximize2,
  grid: layoutGrid,
  table: rows3,
  group: group,
  sort: arrowUpDown,
  filter: listFilter,
  keyboard: keyboard,
  command: command,
  activity: activity,
  camera: camera,
  record: circleDot,
  split: columns2,
  split4: grid2x2,
  display: monitor,
  serial: terminal,
  broadcast: radio,
  type: textCursorInput,
  clipboard: clipboard,
  pin: pin,
  chevronRight: chevronRight,
  chevronLeft: chevronLeft,
  info: info,
  history: rotateCcwClock,
  notes: notebookPen,
  cpu: cpu,
  memory: memoryStick,
  disk: hardDrive,
  disc: disc3,
  compress: shrink,
  download: download,
  network: network,
  clock: clock,
  cancel: ban,
  sun: sun,
  moon: moon,
  drag: gripVertical,
  send: send,
};

export type IconName = keyof typeof icons;

/** Whether there is such an icon: a name without one takes its room and draws nothing. */
export const isIcon = (name: string): name is IconName => name in icons;
