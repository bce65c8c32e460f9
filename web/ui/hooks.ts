import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Store } from './session/store.ts';

export function useStore<T>(store: Store<T>): T {
	const [, draw] = useState(0);
	useLayoutEffect(() => {
		const seen = store.get();
		const stop = store.watch(() => draw((n) => n + 1));
		// It may have changed between drawing and watching.
		if (store.get() !== seen)
			draw((n) => n + 1);
		return stop;
	}, [store]);
	return store.get();
}

export interface Size {
	readonly width: number;
	readonly height: number;
}

export function useSize<E extends HTMLElement>(): [RefObject<E | null>, Size] {
	const ref = useRef<E>(null);
	const [size, setSize] = useState<Size>({ width: 0, height: 0 });
	useLayoutEffect(() => {
		const element = ref.current;
		if (!element)
			return undefined;
		const measure = () => setSize((now) => {
			const { clientWidth: width, clientHeight: height } = element;
			return now.width === width && now.height === height ? now : { width, height };
		});
		measure();
		const observer = new ResizeObserver(measure);
		observer.observe(element);
		return () => observer.disconnect();
	}, []);
	return [ref, size];
}

/** Draws again every `ms` while mounted. */
export function useTick(ms: number): void {
	const [, draw] = useState(0);
	useEffect(() => {
		const timer = setInterval(() => draw((n) => n + 1), ms);
		return () => clearInterval(timer);
	}, [ms]);
}

/** The name of the screen, for the window's title and for whoever looks for it. */
export function useScreen(name: string, title: string): void {
	useLayoutEffect(() => {
		document.body.dataset['screen'] = name;
		document.title = title ? `${title} · Hopkin` : 'Hopkin';
	}, [name, title]);
}

export function useMatch(query: string): boolean {
	const [matches, setMatches] = useState(() => matchMedia(query).matches);
	useEffect(() => {
		const list = matchMedia(query);
		const changed = () => setMatches(list.matches);
		list.addEventListener('change', changed);
		changed();
		return () => list.removeEventListener('change', changed);
	}, [query]);
	return matches;
}
