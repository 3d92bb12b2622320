type Choices = Readonly<Record<string, readonly unknown[]>>;
type Chosen<T extends Choices> = { readonly [K in keyof T]: T[K][number] };

/** Every way to take one value of each list. */
export function combinations<const T extends Choices>(choices: T): Chosen<T>[] {
  return Object.entries(choices).reduce<object[]>(
    (made, [name, values]) => made.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  ) as Chosen<T>[];
}
