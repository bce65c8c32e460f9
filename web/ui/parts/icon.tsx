/** Line icons (lucide, ISC), drawn as elements: nothing is parsed from text. Always beside words or a name, so never spoken. */
import {
	ArrowLeft, Ban, Check, ChevronDown, ChevronLeft, ChevronRight, ChevronUp, CircleQuestionMark, CircleUser, Copy, DoorOpen,
	Ellipsis, EllipsisVertical, Eye, EyeOff, Globe, Hand, Info, KeyRound, Keyboard, LayoutGrid, LayoutPanelLeft, Link, Lock, LockOpen,
	LogOut, Maximize, MessageSquare, Mic, MicOff, Minimize, MonitorUp, MonitorX, OctagonX, Pencil, PhoneOff, Pin, PinOff,
	Plus, Power, RefreshCw, Send, Settings, ShieldCheck, Sun, Trash2, TriangleAlert, UserPlus, UserX, Users, Video, VideoOff, Volume2,
	WifiOff, X,
} from 'lucide';
import { h } from 'preact';

const ICONS = {
	back: ArrowLeft, ban: Ban, check: Check, down: ChevronDown, left: ChevronLeft, right: ChevronRight, up: ChevronUp,
	help: CircleQuestionMark, account: CircleUser, copy: Copy, door: DoorOpen, more: Ellipsis, dots: EllipsisVertical, eye: Eye,
	eyeOff: EyeOff, globe: Globe, hand: Hand, info: Info, key: KeyRound, keyboard: Keyboard, grid: LayoutGrid, speaker: LayoutPanelLeft,
	link: Link, lock: Lock, unlock: LockOpen, logout: LogOut, maximize: Maximize, chat: MessageSquare, mic: Mic, micOff: MicOff,
	minimize: Minimize, screen: MonitorUp, screenOff: MonitorX, stop: OctagonX, edit: Pencil, leave: PhoneOff,
	pin: Pin, unpin: PinOff, plus: Plus, power: Power, again: RefreshCw, send: Send, settings: Settings, shield: ShieldCheck, theme: Sun,
	trash: Trash2, alert: TriangleAlert, invite: UserPlus, remove: UserX, people: Users, camera: Video, cameraOff: VideoOff,
	sound: Volume2, offline: WifiOff, close: X,
} as const;

export type IconName = keyof typeof ICONS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
	return (
		<svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"
			stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
			{ICONS[name].map(([tag, attributes], i) => h(tag, { ...attributes, key: i }))}
		</svg>
	);
}
