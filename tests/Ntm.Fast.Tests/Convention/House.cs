using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Ntm.Fast.Tests.Convention;

/// <summary>The compiled assemblies of the house, and what each refers to, read from their metadata.</summary>
internal static class House
{
    public static readonly string[] Cores =
        ["Ntm.Protocol", "Ntm.Crypto", "Ntm.Tunnel", "Ntm.Signalling", "Ntm.Node", "Ntm.Coordinator", "Ntm.Relay", "Ntm.Uplink"];

    /// <summary>Each room and the rooms it may refer to.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Arrows = new Dictionary<string, string[]>
    {
        ["Ntm.Protocol"] = [],
        ["Ntm.Crypto"] = [],
        ["Ntm.Tunnel"] = ["Ntm.Protocol", "Ntm.Crypto"],
        ["Ntm.Signalling"] = ["Ntm.Tunnel", "Ntm.Protocol", "Ntm.Crypto"],
        ["Ntm.Node"] = ["Ntm.Signalling", "Ntm.Tunnel", "Ntm.Protocol", "Ntm.Crypto"],
        ["Ntm.Coordinator"] = ["Ntm.Signalling", "Ntm.Tunnel", "Ntm.Protocol", "Ntm.Crypto"],
        ["Ntm.Relay"] = ["Ntm.Signalling", "Ntm.Tunnel", "Ntm.Protocol", "Ntm.Crypto"],
        ["Ntm.Uplink"] = [],
        ["Ntm.Linux"] = ["Ntm.Protocol"],
        ["Ntm.Store"] = ["Ntm.Protocol"],
        ["Ntm.Interface"] = [],
    };

    public static IEnumerable<string> References(string assembly)
    {
        using var file = Open(assembly, out var metadata);
        foreach (var handle in metadata.AssemblyReferences)
        {
            yield return metadata.GetString(metadata.GetAssemblyReference(handle).Name);
        }
    }

    /// <summary>Types and members of other assemblies that this one names: "System.DateTime" and "System.DateTime.get_UtcNow".</summary>
    public static ISet<string> Names(string assembly)
    {
        using var file = Open(assembly, out var metadata);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var handle in metadata.TypeReferences)
        {
            names.Add(FullName(metadata, handle));
        }

        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                names.Add($"{FullName(metadata, (TypeReferenceHandle)member.Parent)}.{metadata.GetString(member.Name)}");
            }
        }

        return names;
    }

    /// <summary>The repository's root, from where the tests were built.</summary>
    public static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "NtmGateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run below the repository.");
    }

    private static string FullName(MetadataReader metadata, TypeReferenceHandle handle)
    {
        var type = metadata.GetTypeReference(handle);
        var name = metadata.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{FullName(metadata, (TypeReferenceHandle)type.ResolutionScope)}+{name}"
            : $"{metadata.GetString(type.Namespace)}.{name}";
    }

    private static PEReader Open(string assembly, out MetadataReader metadata)
    {
        var reader = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        metadata = reader.GetMetadataReader();
        return reader;
    }
}
