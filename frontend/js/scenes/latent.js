/**
 * Latents in the browser: the very z that `numpy.random.RandomState(seed).standard_normal(n)` gives, and points between
 * two.
 */

const N = 624;
const M = 397;

/**
 * The Mersenne Twister of Matsumoto and Nishimura (1998), seeded as RandomState seeds it.
 *
 * @param {number} seed  0..2**32-1
 * @returns {() => number} the next 32 random bits
 */
function mersenneTwister(seed) {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i += 1) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let at = N;

  function refill() {
    for (let i = 0; i < N; i += 1) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
      state[i] = state[(i + M) % N] ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  }

  return () => {
    if (at === N) refill();
    let y = state[at];
    at += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/**
 * Independent standard normals by Marsaglia's polar method, two a round, the second of the pair first.
 *
 * @param {number} seed
 * @param {number} length
 * @returns {number[]} as float32
 */
export function latentOf(seed, length) {
  const bits = mersenneTwister(seed);
  const uniform = () => ((bits() >>> 5) * 67108864 + (bits() >>> 6)) / 9007199254740992;
  const z = [];
  while (z.length < length) {
    const x1 = 2 * uniform() - 1;
    const x2 = 2 * uniform() - 1;
    const r2 = x1 * x1 + x2 * x2;
    if (r2 >= 1 || r2 === 0) continue;
    const f = Math.sqrt((-2 * Math.log(r2)) / r2);
    z.push(Math.fround(f * x2), Math.fround(f * x1));
  }
  return z.slice(0, length);
}

/**
 * Spherical interpolation: the direction turns evenly from a's to b's while the length goes from the one to the other,
 * so that every point on the way is as likely as a random latent.
 *
 * @param {number[]} a
 * @param {number[]} b
 * @param {number} t  0 gives a, 1 gives b
 * @returns {number[]} rounded to five digits, which no picture shows
 */
export function between(a, b, t) {
  const [la, lb] = [length(a), length(b)];
  const dot = a.reduce((sum, value, i) => sum + value * b[i], 0);
  const angle = Math.acos(Math.max(-1, Math.min(1, dot / (la * lb))));
  const sine = Math.sin(angle);
  const [wa, wb] = sine < 1e-6 ? [1 - t, t] : [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  const scale = (1 - t) * la + t * lb;
  return a.map((value, i) => Math.round(scale * ((wa * value) / la + (wb * b[i]) / lb) * 1e5) / 1e5);
}

/**
 * Between two w's: what the mapping makes of latents lies on no sphere, so that points go in a straight line.
 *
 * @param {number[]} a
 * @param {number[]} b
 * @param {number} t  0 gives a, 1 gives b
 * @returns {number[]} rounded as above
 */
export function straight(a, b, t) {
  return a.map((value, i) => Math.round(((1 - t) * value + t * b[i]) * 1e5) / 1e5);
}

/**
 * @param {import("../picture/document.js").Picture} picture
 * @param {number} length
 * @returns {number[]} the latent of its scene
 */
export function pictureLatent({ seed, z }, length) {
  return z ?? latentOf(seed ?? 0, length);
}

/** @param {number[]} z */
function length(z) {
  return Math.sqrt(z.reduce((sum, value) => sum + value * value, 0));
}
