// What a user can fix: one line, and the exit code that the contract gives it.

export class StageError extends Error {
  constructor(exitCode, message) {
    super(message)
    this.exitCode = exitCode
  }
}

export const contractError = message => new StageError(65, message)
export const outputError = message => new StageError(73, message)
export const settingsError = message => new StageError(78, message)

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS'])
const FORBIDDEN = new Set(['EACCES', 'EPERM'])

/** Return what a user can fix of an error of the file system, or undefined: then it is a bug. */
export function asStageError(error, volume) {
  if (error instanceof StageError) return error
  const place = error.path ?? error.dest ?? volume
  if (NO_ROOM.has(error.code) || (FORBIDDEN.has(error.code) && place.startsWith(volume))) {
    return outputError(`${place}: cannot be written (${error.code}); free space or fix its owner`)
  }
  if (FORBIDDEN.has(error.code)) {
    return contractError(`${place}: not readable for uid ${process.getuid()}; on the host: chmod a+r on this file alone, a+x on the folders that lead to it`)
  }
}
