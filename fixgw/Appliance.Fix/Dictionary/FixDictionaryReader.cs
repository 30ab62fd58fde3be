using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Appliance.Fix;

/// <summary>A dictionary file that cannot be used: says the file, the line, what is wrong.</summary>
public sealed class FixDictionaryException(string message) : Exception(message);

/// <summary>
/// Reads data dictionaries in the XML format that QuickFIX uses: a root &lt;fix type major minor servicepack&gt; with header, messages, trailer, components, fields.
/// </summary>
public sealed class FixDictionaryReader
{
    private const int DepthMax = 32;

    private readonly string _source;
    private readonly Dictionary<int, FieldDefinition> _fields = [];
    private readonly Dictionary<string, FieldDefinition> _byName = [];
    private readonly Dictionary<string, XElement> _components = [];

    private FixDictionaryReader(string source) => _source = source;

    /// <summary>Reads the file; throws <see cref="FixDictionaryException"/>, whose message names file and line.</summary>
    public static FixDictionary Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Read(stream, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FixDictionaryException($"{path}: {e.Message}");
        }
    }

    public static FixDictionary Read(Stream stream, string source)
    {
        try
        {
            // No document type and no external entities: a dictionary is data, from whomever.
            using var reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
            return new FixDictionaryReader(source).Build(XDocument.Load(reader, LoadOptions.SetLineInfo).Root!);
        }
        catch (XmlException e)
        {
            throw new FixDictionaryException($"{source}:{e.LineNumber}: this is no well-formed XML: {e.Message}");
        }
    }

    private FixDictionary Build(XElement root)
    {
        if (root.Name.LocalName != "fix") throw Wrong(root, $"the root element is <{root.Name.LocalName}>, not <fix>");
        string type = root.Attribute("type")?.Value ?? "FIX", major = Need(root, "major"), minor = Need(root, "minor"), servicePack = root.Attribute("servicepack")?.Value ?? "0";
        if (type is not ("FIX" or "FIXT")) throw Wrong(root, $"type is '{type}', not FIX or FIXT");
        string version = $"{type}.{major}.{minor}{(servicePack is "0" or "" ? "" : "SP" + servicePack)}";
        ReadFields(root.Element("fields") ?? throw Wrong(root, "there is no <fields>"), version);
        foreach (var component in root.Element("components")?.Elements("component") ?? [])
            if (!_components.TryAdd(Need(component, "name"), component)) throw Wrong(component, $"component {Need(component, "name")} is defined twice");
        var header = Set(root.Element("header"));
        var trailer = Set(root.Element("trailer"));
        var messages = new Dictionary<string, MessageDefinition>();
        foreach (var element in (root.Element("messages") ?? throw Wrong(root, "there is no <messages>")).Elements("message"))
        {
            string msgType = Need(element, "msgtype");
            if (msgType.Length is 0 or > 4 || !msgType.All(char.IsAscii)) throw Wrong(element, $"msgtype '{msgType}' is not one to four ASCII characters");
            var message = new MessageDefinition(msgType, Need(element, "name"), element.Attribute("msgcat")?.Value == "admin", Set(element));
            if (!messages.TryAdd(msgType, message)) throw Wrong(element, $"message type {msgType} is defined twice");
        }
        return new FixDictionary(_source, version, type == "FIXT", _fields, _byName, header, trailer, messages.Values);
    }

    private void ReadFields(XElement section, string version)
    {
        foreach (var element in section.Elements("field"))
        {
            string name = Need(element, "name"), number = Need(element, "number"), typeName = Need(element, "type");
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int tag) || tag == 0) throw Wrong(element, $"number '{number}' of field {name} is no tag");
            var type = FixFieldTypes.Of(typeName);
            // Before 4.2 "char" was text of any length.
            if (type == FixFieldType.Char && string.CompareOrdinal(version, "FIX.4.2") < 0) type = FixFieldType.Text;
            var values = element.Elements("value").Select(v => new FixFieldValue(Need(v, "enum"), v.Attribute("description")?.Value ?? "")).ToList();
            bool closed = element.Attribute("allowOtherValues")?.Value is not ("true" or "Y" or "y");
            var field = new FieldDefinition(tag, name, typeName, type, values, closed);
            if (!_fields.TryAdd(tag, field)) throw Wrong(element, $"tag {tag} is defined twice, as {_fields[tag].Name} and as {name}");
            if (!_byName.TryAdd(name, field)) throw Wrong(element, $"field {name} is defined twice, as {_byName[name].Tag} and as {tag}");
        }
        if (_fields.Count == 0) throw Wrong(section, "no field is defined");
    }

    private FieldSet Set(XElement? element)
    {
        var set = new FieldSet();
        if (element is not null) Fill(set, element, required: true, 0);
        set.Close();
        return set;
    }

    private void Fill(FieldSet set, XElement element, bool required, int depth)
    {
        if (depth > DepthMax) throw Wrong(element, "components or groups are nested without end");
        foreach (var child in element.Elements())
        {
            bool mandatory = required && child.Attribute("required")?.Value is "Y" or "y";
            switch (child.Name.LocalName)
            {
                case "field":
                    set.Add(new FieldMember(Lookup(child), mandatory, null));
                    break;
                case "group":
                    var group = new FieldSet();
                    Fill(group, child, required: true, depth + 1);
                    if (group.Members.Count == 0) throw Wrong(child, $"group {Need(child, "name")} is empty");
                    group.Close();
                    set.Add(new FieldMember(Lookup(child), mandatory, group));
                    break;
                case "component":
                    string name = Need(child, "name");
                    if (!_components.TryGetValue(name, out var component)) throw Wrong(child, $"component {name} is not defined");
                    Fill(set, component, mandatory, depth + 1);
                    break;
            }
        }
    }

    private FieldDefinition Lookup(XElement element)
    {
        string name = Need(element, "name");
        return _byName.GetValueOrDefault(name) ?? throw Wrong(element, $"field {name} is not defined in <fields>");
    }

    private string Need(XElement element, string attribute) =>
        element.Attribute(attribute)?.Value ?? throw Wrong(element, $"<{element.Name.LocalName}> has no attribute {attribute}");

    private FixDictionaryException Wrong(XElement element, string what) =>
        new($"{_source}:{((IXmlLineInfo)element).LineNumber.ToString(CultureInfo.InvariantCulture)}: {what}");
}
