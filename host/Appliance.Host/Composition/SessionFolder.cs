using System.Security.Cryptography;
using System.Text;
using Appliance.Host.Configuration;

namespace Appliance.Host.Composition;

/// <summary>
/// Where a FIX session's order log and sequence store stand: in memory (/dev/shm), under a name made from the output folder, where a link leads to them. On a disk each
/// write-back of a page makes the hot thread's next store to it fault. They survive the process, as they must, and not the power, which neither would without a flush for each order.
/// A real venue outlives the host, and so does the session with it; an embedded venue is as new as its run, and so is its session.
/// </summary>
internal static class SessionFolder
{
    private const string Memory = "/dev/shm";

    public static string Open(string outFolder, FixSettings fix)
    {
        string link = LinkOf(outFolder, fix), folder = TargetOf(outFolder, fix);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        Directory.CreateDirectory(folder);
        if (folder == link) return folder;
        if (new FileInfo(link).LinkTarget is not null) File.Delete(link);
        else if (Directory.Exists(link)) MoveInto(link, folder);
        File.CreateSymbolicLink(link, folder);
        return folder;
    }

    /// <summary>A folder where the link belongs, as a backup put back leaves it, is the session: its order log and sequence numbers go to memory, and are never thrown away.</summary>
    private static void MoveInto(string found, string folder)
    {
        if (Directory.EnumerateFileSystemEntries(folder).Any())
            throw new BadInputException($"{found}: saw a folder of its own beside the session in {folder}, and cannot tell which is true; allowed is one of them: move the other away");
        if (Directory.EnumerateDirectories(found).Any())
            throw new BadInputException($"{found}: saw folders in it, allowed are a session's files; move it away");
        foreach (string file in Directory.GetFiles(found)) File.Move(file, Path.Combine(folder, Path.GetFileName(file)));
        Directory.Delete(found);
    }

    public static void Delete(string outFolder, FixSettings fix)
    {
        string link = LinkOf(outFolder, fix), folder = TargetOf(outFolder, fix);
        if (new FileInfo(link).LinkTarget is not null) File.Delete(link);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        if (Directory.Exists(link + ".disk")) Directory.Delete(link + ".disk", recursive: true);
    }

    /// <summary>Where a store lies whose durability is more than the process's.</summary>
    public static string OnDisk(string outFolder, FixSettings fix)
    {
        string folder = LinkOf(outFolder, fix) + ".disk";
        Directory.CreateDirectory(folder);
        return folder;
    }

    private static string LinkOf(string outFolder, FixSettings fix) => Path.Combine(outFolder, "session", $"{fix.SenderCompId}-{fix.TargetCompId}");

    private static string TargetOf(string outFolder, FixSettings fix)
    {
        if (!Directory.Exists(Memory)) return LinkOf(outFolder, fix);
        string owner = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(outFolder))))[..12];
        return Path.Combine(Memory, $"appliance-{owner}-{fix.SenderCompId}-{fix.TargetCompId}");
    }
}
