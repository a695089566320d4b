namespace Ntm.Tunnel;

/// <summary>What is the same for all keys of a table.</summary>
/// <param name="ReplayWindow">Datagrams; a multiple of 64.</param>
/// <param name="Lanes">How many threads may seal and open at once.</param>
internal readonly record struct KeypairOptions(int ReplayWindow, int Lanes);
