namespace Ntm.Fast.Tests.Hostile;

/// <summary>Tests that measure the process's memory: nothing else runs meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
