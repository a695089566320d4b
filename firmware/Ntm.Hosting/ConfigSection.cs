using System.Text.Json;
using Ntm.Protocol;

namespace Ntm.Hosting;

/// <summary>
/// An object of a JSON configuration file, read strictly: every key must be one that the program asks for, with the type it asks for. Problems are
/// collected, so that the owner sees all of them at once; until <see cref="Finish"/> has returned, values may be stand-ins.
/// </summary>
public sealed class ConfigSection
{
    private readonly ConfigFile _file;
    private readonly string _prefix;
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _known = new(StringComparer.Ordinal);

    internal ConfigSection(ConfigFile file, string prefix, JsonElement value)
    {
        (_file, _prefix) = (file, prefix);
        file.Sections.Add(this);
        if (value.ValueKind == JsonValueKind.Undefined)
        {
            return;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            file.Problems.Add($"{(prefix.Length == 0 ? "The file" : $"'{prefix.TrimEnd('.')}'")} must be an object {{ ... }}, but is {Kind(value)}.");
            return;
        }

        foreach (var property in value.EnumerateObject())
        {
            if (NameOf(property) is not { } name)
            {
                file.Problems.Add($"A key {(prefix.Length == 0 ? "of the file" : $"in '{prefix.TrimEnd('.')}'")} is no valid text: half a character stands in it. Write it anew.");
            }
            else if (!_values.TryAdd(name, property.Value))
            {
                file.Problems.Add($"The key '{prefix}{Shown(name)}' stands there twice. Take one away.");
            }
        }
    }

    /// <summary>Reads a file: JSON, with // and /* */ comments and trailing commas allowed.</summary>
    /// <exception cref="ConfigException">It cannot be read or is no JSON.</exception>
    public static ConfigSection Read(string path) => ConfigFile.Read(path).Root;

    /// <summary>The same, of a file's bytes.</summary>
    /// <param name="path">The file, absolute, for problems and relative paths.</param>
    /// <param name="json">What stands in it.</param>
    /// <exception cref="ConfigException">It is no JSON.</exception>
    public static ConfigSection Parse(string path, byte[] json) => ConfigFile.Parse(path, json).Root;

    /// <summary>The file, absolute.</summary>
    public string File => _file.Path;

    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>Adds a problem with a key's value.</summary>
    /// <param name="key">Of this section.</param>
    /// <param name="rest">What follows the key's name: "must be ..., but is ...".</param>
    public void Refuse(string key, string rest) => _file.Problems.Add($"'{_prefix}{key}' {rest}");

    /// <summary>A text; null where the key is missing.</summary>
    public string? Text(string key) => Find(key) is not { } value ? null : TextOf(value) ?? Wrong<string>(key, "a text \"...\"", value);

    /// <summary>A text that must be there and not be empty.</summary>
    public string RequiredText(string key)
    {
        if (Text(key) is { Length: > 0 } text)
        {
            return text;
        }

        if (!Has(key) || _values[key].ValueKind == JsonValueKind.String)
        {
            Refuse(key, "is missing or empty.");
        }

        return "";
    }

    /// <summary>A file or folder; relative ones count from the configuration's folder.</summary>
    public string FilePath(string key, string otherwise)
    {
        var path = Text(key) ?? otherwise;
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            Refuse(key, "must be a file or folder, but has a zero character in it.");
            path = otherwise;
        }

        return Path.GetFullPath(path, Path.GetDirectoryName(_file.Path) ?? "/");
    }

    /// <summary>A whole number within bounds, both included.</summary>
    public int Number(string key, int otherwise, int least, int most)
    {
        if (Find(key) is not { } value)
        {
            return otherwise;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most
            ? number
            : Wrong<int>(key, $"a whole number from {least} to {most}", value);
    }

    public bool Flag(string key, bool otherwise) => Find(key) is not { } value ? otherwise : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => Wrong<bool>(key, "true or false", value),
    };

    /// <summary>A text that means something.</summary>
    /// <param name="key">The key.</param>
    /// <param name="wanted">What it must be, for the problem: "an address such as 203.0.113.5:4916".</param>
    /// <param name="read">Reads it; false where it is not that.</param>
    /// <param name="otherwise">Where the key is missing.</param>
    public T Value<T>(string key, string wanted, TryRead<T> read, T otherwise) => Find(key) is not { } value ? otherwise
        : TextOf(value) is { } text && read(text, out var result) ? result : Wrong<T>(key, wanted, value)!;

    /// <summary>A list of such texts; empty where the key is missing.</summary>
    public IReadOnlyList<T> Values<T>(string key, string wanted, TryRead<T> read)
    {
        var list = new List<T>();
        foreach (var (name, value) in List(key))
        {
            if (TextOf(value) is { } text && read(text, out var result))
            {
                list.Add(result);
            }
            else
            {
                Wrong<T>(name, wanted, value);
            }
        }

        return list;
    }

    /// <summary>A list of addresses with ports; empty where the key is missing.</summary>
    public IReadOnlyList<RealAddress> Addresses(string key) =>
        Values<RealAddress>(key, "an address with a port, such as \"203.0.113.5:4916\" or \"[2001:db8::5]:4916\"", RealAddress.TryParse);

    /// <summary>An object within; an empty one where the key is missing.</summary>
    public ConfigSection Section(string key) => new(_file, $"{_prefix}{key}.", Find(key) ?? default);

    /// <summary>A list of objects; empty where the key is missing.</summary>
    public IReadOnlyList<ConfigSection> Sections(string key) =>
        [.. List(key).Select(entry => new ConfigSection(_file, $"{_prefix}{entry.Name}.", entry.Value))];

    /// <summary>To be called when everything was asked for, on any section of the file.</summary>
    /// <exception cref="ConfigException">With all problems, unknown keys included.</exception>
    public void Finish()
    {
        foreach (var section in _file.Sections)
        {
            foreach (var key in section._values.Keys.Where(k => !section._known.Contains(k)))
            {
                _file.Problems.Add($"The key '{section._prefix}{Shown(key)}' is not known. Known here: {string.Join(", ", section._known)}.");
            }
        }

        if (_file.Problems.Count > 0)
        {
            throw new ConfigException(_file.Path, _file.Problems);
        }
    }

    private IEnumerable<(string Name, JsonElement Value)> List(string key)
    {
        if (Find(key) is not { } value)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Wrong<object>(key, "a list [ ... ]", value);
            return [];
        }

        return value.EnumerateArray().Select((entry, i) => ($"{key}[{i}]", entry));
    }

    private JsonElement? Find(string key)
    {
        _known.Add(key);
        return _values.TryGetValue(key, out var value) ? value : null;
    }

    private T? Wrong<T>(string key, string wanted, JsonElement value)
    {
        Refuse(key, $"must be {wanted}, but is {Kind(value)}.");
        return default;
    }

    /// <summary>Null where it is no text, or one with half a character in it ("\ud800" alone, or bytes that are no UTF-8).</summary>
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string Shown(string text) => text.Length > 60 ? text[..60] + "..." : text;

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Null => "null",
        JsonValueKind.String when TextOf(value) is null => "text with half a character in it",
        _ => Shown(value.GetRawText()),
    };
}

/// <summary>Reads a value from its text.</summary>
public delegate bool TryRead<T>(string text, out T value);
