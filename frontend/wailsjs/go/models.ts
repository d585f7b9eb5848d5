export namespace app {
	
	export interface Appearance {
	    accent: string;
	    zoom: number;
	}

}

export namespace lab {
	
	export enum AddressSource {
	    agent = "agent",
	    arp = "arp",
	    lease = "lease",
	}
	export enum CheckStatus {
	    failed = "failed",
	    ok = "ok",
	    warning = "warning",
	}
	export enum CloseMode {
	    ask = "ask",
	    auto = "auto",
	    hide = "hide",
	    quit = "quit",
	}
	export enum ConsoleKind {
	    serial = "serial",
	    tunnel = "tunnel",
	    visit = "visit",
	    vnc = "vnc",
	}
	export enum EventKind {
	    desktop = "desktop",
	    gateway = "gateway",
	    history = "history",
	    image = "image",
	    image_removed = "image_removed",
	    link = "link",
	    migration = "migration",
	    node = "node",
	    node_removed = "node_removed",
	    room = "room",
	    settings = "settings",
	    snapshot = "snapshot",
	}
	export enum Firmware {
	    bios = "bios",
	    uefi = "uefi",
	}
	export enum FolderName {
	    cache = "cache",
	    crashes = "crashes",
	    data = "data",
	    images = "images",
	    log = "log",
	    overlays = "overlays",
	    settings = "settings",
	    state = "state",
	}
	export enum GatewayMode {
	    external = "external",
	    off = "off",
	    stack = "stack",
	}
	export enum GatewayState {
	    connecting = "connecting",
	    failed = "failed",
	    off = "off",
	    ready = "ready",
	    starting = "starting",
	    stopping = "stopping",
	}
	export enum ImageKind {
	    base = "base",
	    medium = "medium",
	}
	export enum ImageState {
	    adding = "adding",
	    changed = "changed",
	    ready = "ready",
	}
	export enum MigrationStatus {
	    cancelled = "cancelled",
	    done = "done",
	    failed = "failed",
	    planned = "planned",
	    running = "running",
	}
	export enum MomentKind {
	    changed = "changed",
	    created = "created",
	    deleted = "deleted",
	    failed = "failed",
	    renamed = "renamed",
	    restored = "restored",
	    started = "started",
	    stopped = "stopped",
	    undone = "undone",
	    wiped = "wiped",
	}
	export enum MoveStatus {
	    done = "done",
	    failed = "failed",
	    going = "going",
	    here = "here",
	    ready = "ready",
	    wrong = "wrong",
	}
	export enum Notice {
	    disk = "disk",
	    images = "images",
	    stopped = "stopped",
	    wipes = "wipes",
	}
	export enum OriginKind {
	    address = "address",
	    catalogue = "catalogue",
	    file = "file",
	    found = "found",
	    node = "node",
	}
	export enum RegistrationState {
	    direct = "direct",
	    registered = "registered",
	    registering = "registering",
	    unasked = "unasked",
	}
	export enum SettingKind {
	    choice = "choice",
	    list = "list",
	    number = "number",
	    switch = "switch",
	    text = "text",
	}
	export enum State {
	    failed = "failed",
	    missing = "missing",
	    paused = "paused",
	    running = "running",
	    starting = "starting",
	    stopped = "stopped",
	    stopping = "stopping",
	}
	export enum StepName {
	    checking = "checking",
	    converting = "converting",
	    copying = "copying",
	    downloading = "downloading",
	    unpacking = "unpacking",
	    verifying = "verifying",
	    waiting = "waiting",
	}
	export enum View {
	    create = "create",
	    health = "health",
	    images = "images",
	    nodes = "nodes",
	    settings = "settings",
	}
	export interface Address {
	    interface?: string;
	    mac: string;
	    ip: string;
	    prefix: number;
	    source: AddressSource;
	}
	export interface Autostart {
	    on: boolean;
	    foreign: boolean;
	    file: string;
	}
	export interface Defaults {
	    vcpus?: number;
	    memoryMiB?: number;
	    firmware?: Firmware;
	    tpm?: boolean;
	    cloudInit?: boolean;
	    user?: string;
	}
	export interface Remote {
	    addresses: string[];
	    sum?: string;
	    sumFile?: string;
	    bytes?: number;
	}
	export interface CatalogueEntry {
	    id: string;
	    title: string;
	    version: string;
	    arch: string;
	    remote: Remote;
	    kind: ImageKind;
	    format: string;
	    diskBytes?: number;
	    defaults: Defaults;
	    licence: string;
	    home: string;
	    group: string;
	    overridden?: boolean;
	}
	export interface Check {
	    name: string;
	    status: CheckStatus;
	    message: string;
	    remedy?: string;
	}
	export interface CrashReport {
	    name: string;
	    // Go type: time
	    at: any;
	    text: string;
	}
	
	export interface Desktop {
	    close: CloseMode;
	    tray: boolean;
	    notices: string[];
	    language: string;
	    scheme: string;
	}
	export interface MigratedNode {
	    id: string;
	    name: string;
	    image?: string;
	    path?: string;
	    bytes: number;
	    virtualBytes: number;
	    vcpus: number;
	    memoryMiB: number;
	    notes?: string[];
	    status: MoveStatus;
	    problem?: Problem;
	}
	export interface MigratedImage {
	    file: string;
	    path: string;
	    name: string;
	    bytes: number;
	    virtualBytes: number;
	    status: MoveStatus;
	    problem?: Problem;
	}
	export interface Migration {
	    dir: string;
	    file: string;
	    move?: boolean;
	    status: MigrationStatus;
	    images: MigratedImage[];
	    nodes: MigratedNode[];
	    notes?: string[];
	    needBytes: number;
	    freeBytes: number;
	    bytes: number;
	    doneBytes: number;
	    problem?: Problem;
	}
	export interface Room {
	    status: CheckStatus;
	    free: number;
	    bytes: number;
	    path: string;
	}
	export interface GatewayStatus {
	    mode: GatewayMode;
	    state: GatewayState;
	    url?: string;
	    schema?: string;
	    progress?: string;
	    problem?: Problem;
	}
	export interface Link {
	    connected: boolean;
	    uri: string;
	    problem?: Problem;
	    // Go type: time
	    since?: any;
	    attempts: number;
	}
	export interface Step {
	    name: StepName;
	    done: number;
	    total: number;
	    rate: number;
	}
	export interface Origin {
	    kind: OriginKind;
	    of?: string;
	    format?: string;
	    sha256?: string;
	    base?: string;
	}
	export interface Image {
	    name: string;
	    kind: ImageKind;
	    volume: string;
	    path: string;
	    sha256: string;
	    bytes: number;
	    allocatedBytes: number;
	    virtualBytes: number;
	    compression?: string;
	    modTime: string;
	    addedAt: string;
	    defaults: Defaults;
	    origin: Origin;
	    state: ImageState;
	    progress?: number;
	    step?: Step;
	    usedBy?: string[];
	    twins?: string[];
	    overlayBytes: number;
	    savedBytes: number;
	    problem?: Problem;
	}
	export interface Registration {
	    state: RegistrationState;
	    problem?: Problem;
	}
	export interface Problem {
	    kind: string;
	    message: string;
	    hint?: string;
	}
	export interface Undo {
	    generation: number;
	    bytes: number;
	    at: string;
	    until: string;
	}
	export interface VNC {
	    host: string;
	    port: number;
	}
	export interface Overlay {
	    path: string;
	    bytes: number;
	}
	export interface KeptOverlay {
	    generation: number;
	    at: string;
	    reason: string;
	}
	export interface Node {
	    id: string;
	    name: string;
	    image: string;
	    base: string;
	    vcpus: number;
	    memoryMiB: number;
	    diskBytes?: number;
	    medium?: string;
	    firmware?: Firmware;
	    tpm?: boolean;
	    mac: string;
	    keymap?: string;
	    clipboard?: boolean;
	    guacamole?: Record<string, string>;
	    stopSeconds?: number;
	    notes?: string;
	    generation: number;
	    kept?: KeptOverlay[];
	    createdAt: string;
	    startedAt?: string | null;
	    wipedAt?: string | null;
	    deletedAt?: string;
	    firstBoot?: FirstBoot;
	    state: State;
	    overlay: Overlay;
	    inserted?: string;
	    vnc?: VNC;
	    undo?: Undo;
	    problem?: Problem;
	    gateway: Registration;
	    poweredOff?: boolean;
	}
	export interface Event {
	    kind: EventKind;
	    nodes?: Node[];
	    images?: Image[];
	    node?: Node;
	    image?: Image;
	    id?: string;
	    link?: Link;
	    gateway?: GatewayStatus;
	    desktop?: Desktop;
	    room?: Room;
	    migration?: Migration;
	}
	export interface FirstBoot {
	    hostName?: string;
	    user?: string;
	    passwordHash?: string;
	    sshKeys?: string[];
	    packages?: string[];
	    userData?: string;
	    networkConfig?: string;
	}
	export interface PublicKey {
	    path: string;
	    type: string;
	    comment: string;
	    fingerprint: string;
	    line: string;
	}
	export interface FirstBootChoices {
	    settings: FirstBoot;
	    keys: PublicKey[];
	}
	export interface FirstBootInput {
	    hostName: string;
	    user: string;
	    password: string;
	    sshKeys: string[];
	    packages: string[];
	    userData: string;
	    networkConfig: string;
	}
	export interface Folder {
	    name: FolderName;
	    path: string;
	    bytes: number;
	    files: number;
	}
	export interface StackService {
	    name: string;
	    state: string;
	    health?: string;
	}
	export interface GatewaySettings {
	    mode: GatewayMode;
	    url: string;
	    dsn: string;
	    displayHost: string;
	    recordings: string;
	    webPort: number;
	    guacdPort: number;
	    databasePort: number;
	}
	export interface GatewayReport {
	    status: GatewayStatus;
	    settings: GatewaySettings;
	    services: StackService[];
	    problem?: Problem;
	}
	
	
	export interface Host {
	    uri: string;
	    profile: string;
	    hypervisor: string;
	    cpus: number;
	    memoryMiB: number;
	    freeMiB: number;
	    accelerated: boolean;
	    acceleration: string;
	    uefi: boolean;
	    noUEFI?: string;
	    tpm: boolean;
	    noTPM?: string;
	    poolPath: string;
	    poolBytes: number;
	    poolFreeBytes: number;
	}
	export interface Health {
	    host?: Host;
	    checks: Check[];
	}
	
	
	export interface Inspection {
	    xml: string;
	    addresses: Address[];
	}
	
	
	
	
	export interface Moment {
	    at: string;
	    kind: MomentKind;
	    detail?: string;
	    problem?: Problem;
	}
	
	export interface Offers {
	    entries: CatalogueEntry[];
	    problem?: Problem;
	}
	export interface Opening {
	    hidden: boolean;
	    view: View;
	    console: string;
	    node: string;
	    files: string[];
	}
	
	
	export interface Probe {
	    path: string;
	    name: string;
	    kind: ImageKind;
	    format: string;
	    bytes: number;
	    virtualBytes: number;
	    defaults: Defaults;
	    notes?: string[];
	}
	
	
	
	
	
	export interface Setting {
	    key: string;
	    kind: SettingKind;
	    value: string;
	    default: string;
	    choices?: string[];
	    min: number;
	    max: number;
	    atStart: boolean;
	    waits: boolean;
	    overruled?: string;
	}
	export interface Settings {
	    file: string;
	    items: Setting[];
	}
	export interface SettingsChange {
	    set: Record<string, string>;
	    reset: string[];
	}
	
	
	export interface Ticket {
	    url: string;
	}
	
	export interface Unused {
	    image?: string;
	    volume: string;
	    bytes: number;
	    removed?: boolean;
	}
	export interface Usage {
	    id: string;
	    at: string;
	    cpuMillis: number;
	    memoryBytes: number;
	    diskBytes: number;
	    readBytes: number;
	    writtenBytes: number;
	    receivedBytes: number;
	    sentBytes: number;
	}

}

export namespace service {
	
	export interface AddImageInput {
	    name: string;
	    entry?: string;
	    path?: string;
	    address?: string;
	    sum?: string;
	    node?: string;
	    defaults?: lab.Defaults;
	    compress?: boolean;
	}
	export interface CloneInput {
	    name: string;
	    copyDisk: boolean;
	}
	export interface CreateInput {
	    name: string;
	    image: string;
	    vcpus: number;
	    memoryMiB: number;
	    stopSeconds: number;
	    keymap: string;
	    notes: string;
	    start: boolean;
	    clipboard?: boolean;
	    diskGiB?: number;
	    firmware?: lab.Firmware;
	    tpm?: boolean;
	    guacamole: Record<string, string>;
	    firstBoot?: lab.FirstBootInput;
	}
	export interface MigrateInput {
	    dir: string;
	    move: boolean;
	}
	export interface PruneInput {
	    images: string[];
	    volumes: string[];
	}
	export interface SetInput {
	    vcpus?: number;
	    memoryMiB?: number;
	    stopSeconds?: number;
	    notes?: string;
	    keymap?: string;
	    clipboard?: boolean;
	    medium?: string;
	    guacamole: Record<string, string>;
	}

}

