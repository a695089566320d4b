namespace Ntm.Box;

/// <summary>Something in the box did not go as it must. The message says what and where; <see cref="Advice"/> what to do, where there is something.</summary>
internal sealed class BoxFailed(string message, string? advice = null) : Exception(message)
{
    public string? Advice { get; } = advice;
}
