// Who has left a moment ago, most likely because a connection closed: who comes back with the same id is who they were.
import { LIMITS } from '@hermit/protocol';
import type { Attachment } from './attachment.ts';

export type Place = Pick<
  Attachment,
  'id' | 'userId' | 'typed' | 'since' | 'attachedAt' | 'ack' | 'progressAt' | 'owesSince'
> & {
  /** It drove; `serial`: who has typed since has a greater one. */
  drove: boolean;
  serial: number;
  /** First byte that a reader of every byte has not consumed. */
  needs: number;
  leftAt: number;
};

/** Bounded in number and in time, as attachments are. */
export class Departed {
  private readonly places = new Map<string, Place>();

  remember(a: Attachment, drove: boolean, serial: number, now: number): void {
    const { id, userId, typed, since, attachedAt, ack, progressAt, owesSince } = a;
    const needs = a.mode === 'stream' ? a.ack : Number.POSITIVE_INFINITY;
    if (this.places.size >= LIMITS.attachmentsPerSession) this.places.delete(this.places.keys().next().value as string);
    this.places.delete(id);
    this.places.set(id, {
      id,
      userId,
      typed,
      since,
      attachedAt,
      ack,
      progressAt,
      owesSince,
      drove,
      serial,
      needs,
      leftAt: now,
    });
  }

  /** The place of who comes back; it is theirs once. */
  take(id: string, userId: string): Place | null {
    const place = this.places.get(id);
    if (place?.userId !== userId) return null;
    this.places.delete(id);
    return place;
  }

  get empty(): boolean {
    return this.places.size === 0;
  }

  get needs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { needs } of this.places.values()) if (needs < least) least = needs;
    return least;
  }

  forgetOld(now: number): void {
    for (const { id, leftAt } of this.places.values()) {
      if (now - leftAt < LIMITS.attachmentLease) return;
      this.places.delete(id);
    }
  }
}
