/**
 * jax-js asks of whatever it is given whether it is a `Float16Array`. Node 24 has that class, Node 22 does not, and the
 * question itself would end in a ReferenceError there. The class that stands in has no instances: half-precision values
 * are held as bits in a `Uint16Array` here, on every Node.
 */
globalThis.Float16Array ??= class Float16Array {} as unknown as Float16ArrayConstructor;
