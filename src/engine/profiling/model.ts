import type { FeatureContract } from '../encoders/contract.js';
import type { AutoencoderShape } from './network.js';

/** A trained autoencoder of profiles with what describes its users, as plain data; nothing in it is of any one user. */
export interface ProfileModel {
  readonly contract: FeatureContract;
  readonly shape: AutoencoderShape;
  /** Flat, by the autoencoder's manifest. */
  readonly parameters: Float32Array;
  /** (segments, latent): centres of the embeddings of each segment. */
  readonly centres: Float32Array;
  /** Quantiles 0, .01, …, 1 of the reconstruction errors of users that were not trained on. */
  readonly errors: Float32Array;
  /** Mean of each column's part of those errors, then that of the products owned (where there are any). */
  readonly usual: Float32Array;
}

export const QUANTILES = 101;

/** A segment as its users were when the model was trained. */
export interface Segment {
  /** Of the training users. */
  readonly share: number;
  readonly users: number;
  /** How it differs from all users: the largest differences first. */
  readonly traits: readonly Trait[];
}

export interface Trait {
  /** A column, or "owned:CODE". */
  readonly feature: string;
  /** The category that is more or less common here; null for numbers and products. */
  readonly category: string | null;
  /** Here: the mean of a number, or the share who are of the category or own the product. */
  readonly value: number;
  /** The same over all users. */
  readonly overall: number;
  /** (value − overall) ÷ the standard deviation over all users. */
  readonly effect: number;
}

export interface TrainedProfiles {
  /** Plain JSON. */
  readonly contract: Readonly<Record<string, unknown>>;
  /** safetensors. */
  readonly weights: Uint8Array;
  readonly segments: readonly Segment[];
  /** On users that were not trained on. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Settings, seed, users, epochs, seconds, backend. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** What is unusual about a user. */
export interface Oddity {
  /** A column, or "owned" for the products together. */
  readonly feature: string;
  /** How much more it costs to describe than it usually does, in nats. */
  readonly excess: number;
}

export interface ProfileDescription {
  /** Mean of the user's place (latent values). */
  readonly embedding: Float32Array;
  /** The segment whose centre is nearest. */
  readonly segment: number;
  /** −log p(the user's inputs | embedding), in nats. */
  readonly error: number;
  /** Share of users with a smaller error: 0 to 1. */
  readonly percentile: number;
  /** What raises the error most, three at most. */
  readonly oddities: readonly Oddity[];
}
