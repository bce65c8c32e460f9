/** One value that can be watched. */
export class Store<T> {
	#value: T;
	#watchers = new Set<() => void>();

	constructor(value: T) {
		this.#value = value;
	}

	get(): T {
		return this.#value;
	}

	set(value: T): void {
		if (Object.is(value, this.#value))
			return;
		this.#value = value;
		for (const watcher of [...this.#watchers])
			watcher();
	}

	watch(watcher: () => void): () => void {
		this.#watchers.add(watcher);
		return () => this.#watchers.delete(watcher);
	}
}
