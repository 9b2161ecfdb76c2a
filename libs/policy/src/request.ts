/** Something that policy speaks about, as Cedar names entities: a type and an id within it. */
export interface EntityRef {
  readonly type: "Task" | "Tool" | "Output";
  readonly id: string;
}

/** `Tool::"exec_command"`: the form in which entities stand in Cedar policies and in `policy.decided` events. */
export const formatEntity = (entity: EntityRef): string => `${entity.type}::${JSON.stringify(entity.id)}`;

/** A task of a run asks to call a tool. */
export interface CallTool {
  readonly principal: EntityRef;
  readonly action: "tool.call";
  /** The tool, as the model named it. */
  readonly resource: EntityRef;
  readonly context: {
    /** Folder that the tool works in; absolute, or relative to the workspace. Absent: the workspace. */
    readonly workdir?: string;
    /** Paths that the call names to read; absolute, or relative to `workdir`. */
    readonly reads?: readonly string[];
    /** Paths that the call names to create, change, move or delete; absolute, or relative to `workdir`. */
    readonly writes?: readonly string[];
  };
}

/** A task of a run asks to publish one file of an output. */
export interface PublishOutput {
  readonly principal: EntityRef;
  readonly action: "output.publish";
  /** The output, by its name in the manifest. */
  readonly resource: EntityRef;
  readonly context: {
    /** Path of the file, relative to the workspace. */
    readonly path: string;
  };
}

/** Who asks to do what with what, under which circumstances: the same four parts as a Cedar request. */
export type PolicyRequest = CallTool | PublishOutput;

export interface PolicyDecision {
  readonly decision: "allow" | "deny";
  /** Policies that determined it: what forbade, or else what permitted. Empty for the default, which is deny. */
  readonly policies: readonly string[];
  /** For people and for the model that is told why. */
  readonly reason: string;
}

/** Decides requests. Pure: the same request always gets the same decision, and asking has no effect. */
export interface PolicyEngine {
  decide(request: PolicyRequest): PolicyDecision;
}
