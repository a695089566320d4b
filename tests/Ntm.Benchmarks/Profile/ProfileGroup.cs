namespace Ntm.Benchmarks.Profile;

/// <summary>Whose code a processor was found in.</summary>
internal enum ProfileGroup
{
    Cipher,
    Kernel,
    OurCode,
    Runtime,
    Other,
}
