namespace Ntm.Box.Story;

/// <summary>What is broken on purpose, from outside and unknown to the programs, so that a test sees the main job fail and name the step.</summary>
internal enum Breakage
{
    Nothing,

    /// <summary>Bob's NAT loses its rules: his packets reach the internet with a private source.</summary>
    Nat,

    /// <summary>The relay is killed after everybody has registered.</summary>
    Relay,

    /// <summary>What is bound for an alias no longer reaches alice's translation.</summary>
    Translation,

    /// <summary>The file at bob's differs from what its owner hashed.</summary>
    File,

    /// <summary>Alice's gateway, killed, leaves no interface behind, and the kernel says of its aliases that they are unreachable.</summary>
    Interface,

    /// <summary>A direct way between alice and bob is blocked in the middle.</summary>
    Direct,

    /// <summary>Alice's second uplink carries nothing any more, when the first is unplugged.</summary>
    Uplink,

    /// <summary>The NTM record of home.example that the public DNS publishes has keys that are nobody's.</summary>
    Record,
}
