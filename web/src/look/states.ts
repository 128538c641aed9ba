import {
  Ban,
  CheckCheck,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleSlash,
  CircleX,
  CopyCheck,
  Droplet,
  Droplets,
  Inbox,
  Lock,
  type LucideIcon,
  Sun,
  TriangleAlert,
  Undo2,
  UserCheck,
  Waves,
  Wrench,
} from "lucide-react";

/** A shape for each state; its word is in words/, its colour in palette.css under the same name. */
export const SHAPES = {
  status: {
    SUBMITTED: Inbox,
    VERIFIED: CircleCheck,
    ASSIGNED: UserCheck,
    IN_PROGRESS: Wrench,
    RESOLVED: CheckCheck,
    CLOSED: Lock,
    REJECTED: Ban,
    DUPLICATE: CopyCheck,
    WITHDRAWN: Undo2,
  },
  flood: {
    NONE: Sun,
    CAUTION: TriangleAlert,
    MINOR: Droplet,
    MODERATE: Droplets,
    SEVERE: Waves,
  },
  source: {
    UP: CircleDot,
    DEGRADED: CircleAlert,
    DOWN: CircleX,
    DISABLED: CircleSlash,
  },
} as const satisfies Record<string, Record<string, LucideIcon>>;

export type StateKind = keyof typeof SHAPES;

/** Values that the hub learns later get a neutral shape (and a neutral colour), never a hole in the page. */
export function shapeOf(kind: StateKind, value: string): LucideIcon {
  const shapes: Record<string, LucideIcon> = SHAPES[kind];
  return shapes[value] ?? CircleDashed;
}
