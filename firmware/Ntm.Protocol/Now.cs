namespace Ntm.Protocol;

/// <summary>
/// The two times a core is handed with every call; it reads no clock itself.
/// </summary>
/// <param name="Boot">Monotonic time since boot, suspend included (CLOCK_BOOTTIME): every timer and every measurement.</param>
/// <param name="Wall">Wall time: the handshake timestamp and expiry dates of grants only. May be wrong by years on a Pi at power-on.</param>
public readonly record struct Now(TimeSpan Boot, DateTimeOffset Wall);
